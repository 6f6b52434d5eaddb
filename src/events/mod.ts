// events: the data plane of Eventing. Takes events in, keeps them on a log, and delivers them; knows no API objects.

export * from './control.ts';
export type { RawHeaders } from './codec/binary.ts';
export type { Decoded, HttpMessage } from './codec/http.ts';
export {
  BATCHED_TYPE,
  decodeHttp,
  encodeBatched,
  encodeBinary,
  encodeStructured,
  STRUCTURED_TYPE,
} from './codec/http.ts';
export { decodeRecord, encodeRecord } from './codec/record.ts';
export { faultsOf, isAttributeName } from './codec/validate.ts';
export * from './event.ts';
export { Held } from './deliver/held.ts';
export { nextAttempt } from './deliver/next-attempt.ts';
export type { Answer, Failure } from './deliver/verdict-of-answer.ts';
export { retryAfterMs } from './deliver/verdict-of-answer.ts';
export type { Bodied, BodyFault, BodyLimits } from './ingress/bodies.ts';
export { Bodies } from './ingress/bodies.ts';
export { passThrough } from './pass-through.ts';
export { openDiskLog } from './log/disk/disk-log.ts';
export type { DiskLogOptions } from './log/disk/disk-log.ts';
export type { LoneDelivery, LonePorts, LoneEnd } from './deliver/deliver-one.ts';
export { deliverOne } from './deliver/deliver-one.ts';
export type { Send, SendRequest } from './deliver/transfer.ts';
export type { EventsOptions } from './events.ts';
export { Events } from './events.ts';
export { compileFilters } from './filter/compile.ts';
export type { CompiledFilter } from './filter/compile.ts';
export { FilterIndex } from './filter/filter-index.ts';
export type { FilterResult, Verdict } from './filter/verdict.ts';
export { filtering, filteringWith } from './filtering.ts';
export { httpCodec } from './message.ts';
export { Gatekeeper } from './ingress/access.ts';
export type { VerifyToken } from './ingress/access.ts';
export type { IngressExchange } from './ingress/serve.ts';
export { serveIngress } from './ingress/serve.ts';
export type { LinkedEvents } from './link.ts';
export { connectEvents, serveEventsControl } from './link.ts';
export { openJetStreamLog } from './log/jetstream/jetstream-log.ts';
export type { JetStreamLogOptions } from './log/jetstream/jetstream-log.ts';
export type { Attempt } from './deliver/ports.ts';
export { NotNowError } from './deliver/ports.ts';
export { Remembered } from './remembered.ts';
export { ToldStreams } from './told-streams.ts';
export type * from './journal/words.ts';
export * from './log/log.ts';
export { keptLog, memoryLog } from './log/memory.ts';
export type { KeptLog, MemoryLogOptions } from './log/memory.ts';
