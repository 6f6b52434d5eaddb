// gateway: the data plane. Routes, splits, holds, bounds, times out, drains and counts requests; knows no API objects.

export type { AsyncInvocations, AsyncSource } from './async.ts';
export { INVOCATIONS_PATH } from './async.ts';
export * from './control.ts';
export { Fields } from './fields.ts';
export type { LinkedControl } from './link.ts';
export { connectControl } from './link-client.ts';
export { controlAttendant, serveControl } from './link-server.ts';
export type { InMemoryAnswer, InMemoryRequest } from './in-memory.ts';
export { AnswerTooLong, askInMemory } from './in-memory.ts';
export { engineTransport } from './engine/mod.ts';
export { nodeTransport } from './node-http/mod.ts';
export { preferencesIn, RESPOND_ASYNC, WAIT, withoutPreferences } from './prefer.ts';
export * from './process.ts';
export type { RefusalReason } from './refusals.ts';
export { REFUSAL_HEADER, REFUSALS } from './refusals.ts';
export type { Door } from './routes.ts';
export type { RequestLogSink } from './request-log.ts';
export * from './server.ts';
export * from './transport.ts';
