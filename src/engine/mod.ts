// engine: runs controllers over objects. Queue, claim, apply, prune, status, events, live config maps.

export * from './children.ts';
export * from './config-source.ts';
export * from './controller.ts';
export * from './engine.ts';
export { claimIdentity, identityName, settleIdentity } from './identity.ts';
export * from './recorder.ts';
export * from './secrets.ts';
export * from './view.ts';
