// network: addresses of Services, forwarding to their endpoints, names for Pods.

export * from './addresses.ts';
export { USUAL_EGRESS_PORTS } from './egress.ts';
export type { Target } from './forward/targets.ts';
export { targetsOf } from './forward/targets.ts';
export type * from './listeners.ts';
export * from './network.ts';
