// pki: the local CA, certificates, ACME, service account tokens.

export * from './acme/mod.ts';
export type * from './authority.ts';
export * from './keeper.ts';
export type { Demands, KeyPair, Life } from './key-pair.ts';
export { lifeOf } from './key-pair.ts';
export * from './kubeconfig.ts';
export * from './tokens.ts';
