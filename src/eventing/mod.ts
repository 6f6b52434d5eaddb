// eventing: Brokers, Triggers, channels and what is made of them, as controllers; and what they come to as streams of the data plane.

export { tellAddress } from './addresses.ts';
export { caCertsOf, CERTIFICATE_SECRETS, givenCertificate, watchCertificate } from './certificates.ts';
export type { EventingOptions } from './controllers.ts';
export { eventingControllers } from './controllers.ts';
export type { EventJournalPorts } from './journal/journal.ts';
export { eventJournal } from './journal/journal.ts';
export * from './names.ts';
export { accessOf, audienceOf, settlePolicies, watchPolicies } from './policies.ts';
export * from './resolve/follow.ts';
export type { Reachable, Resolution, ResolveReader } from './resolve/resolve.ts';
export { referableKinds, resolve } from './resolve/resolve.ts';
export { streamKey } from './streams/rule.ts';
