// invocations: requests whose clients do not wait. Keeps them on the event log, carries them out through the gateway, and tells how
// they stand; knows no API objects.

export type { InvocationsPorts } from './invocations.ts';
export { Invocations } from './invocations.ts';
export { serveInvocations } from './serve.ts';
export type { Status } from './status.ts';
export type { KeptRequest, Outcome, ResultCall } from './words.ts';
