// sources: what brings events in: schedules, changes of API objects, Kafka, webhooks, containers of the user. Controllers, and the
// adapters that send, which run in the platform itself.

export type { MayDo } from './apiserver/permissions.ts';
export type { BindingSources } from './binding/admission.ts';
export { sinkBindingAdmission } from './binding/admission.ts';
export type { GiveToken } from './binding/token.ts';
export type { SourcesOptions } from './controllers.ts';
export { sourcesControllers } from './controllers.ts';
export type { ApiAnswer, AskApi } from './github/hooks.ts';
export { Readings } from './kafka/readings.ts';
export type { Delivered, OutboxPorts, Parcel } from './outbox.ts';
export { Outbox } from './outbox.ts';
export type { ResolvedSink, SinkAddress, SinkResolver } from './sinks.ts';
export { WEBHOOK_SERVICE } from './webhook/address.ts';
export { calledSources } from './webhook/called.ts';
export { webhookFront } from './webhook/front.ts';
