// objects: what a write goes through, where objects stand, who hears of changes, and the client in both homes.

export type * from './admission.ts';
export type * from './client.ts';
export type * from './event-journal.ts';
export type * from './informer.ts';
export type * from './pod-streams.ts';
export type * from './resource-metrics.ts';
export type * from './requests.ts';
export * from './scheme.ts';
export * from './store.ts';
export * from './versions.ts';
export * from './watch.ts';
export type { Page, PageRequest } from './paging.ts';
export type { StoreChange } from './history.ts';
export { httpClient } from './http/client.ts';
export type { HttpClient } from './http/client.ts';
export { httpJournal } from './http/journal.ts';
export { parseKubeconfig } from './http/kubeconfig.ts';
export type { HttpClientOptions } from './http/kubeconfig.ts';
export { localInformers } from './informers/local.ts';
export { informersOf } from './informers/remote.ts';
export * from './local-client.ts';
export * from './registry.ts';
export { reuse } from './reuse.ts';
export * from './selection.ts';
export { configOf } from './write-context.ts';
export { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from './deletion.ts';
