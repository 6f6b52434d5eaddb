// otlp: loaded only where something is sent to a collector.

import type { Clock } from '#base/mod.ts';
import type { PushProtocol } from '../settings.ts';
import type { Sender, Signal } from './send.ts';
import { grpcSender, httpSender } from './send.ts';

export { encodeMetrics } from './encode-metrics.ts';
export { encodeSpans } from './encode-spans.ts';

/** Throws where the endpoint is no address of a collector. */
export function openSender(protocol: PushProtocol, endpoint: string, signal: Signal, clock: Clock): Promise<Sender> {
  return protocol === 'grpc' ? grpcSender(endpoint, signal, clock) : httpSender(endpoint, signal, clock);
}
