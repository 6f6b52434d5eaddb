// The HTTP face of IntegrationSinks that log: each event becomes a line of the platform's log.

import type { CloudEvent } from '#events/mod.ts';
import { attributeText, decodeHttp } from '#events/mod.ts';
import { IntegrationSink, serviceOfHost } from '#kinds/mod.ts';
import type { Informers } from '#objects/mod.ts';
import type { LogFields, Logger, LogLevel } from '#telemetry/mod.ts';
import type { SinkAnswer, SinkFront, SinkRequest } from '../front.ts';
import { notPosted } from '../front.ts';
import type { Guard } from '../guard.ts';
import { sinkServiceName } from './controller.ts';

const BY_SERVICE = 'sinks/integration-sinks-by-service';
/** Of the data so many characters are logged. */
const MAX_LOGGED = 10_000;
const LEVELS: Readonly<Record<string, LogLevel>> = {
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};

export function integrationSinkFront(informers: Informers, guard: Guard, log: Logger): SinkFront {
  const informer = informers.of(IntegrationSink);
  informer.addIndex(BY_SERVICE, (sink) => [`${sink.metadata.namespace ?? ''}/${sinkServiceName(sink)}`]);
  const find = (host: string): IntegrationSink | undefined => {
    const service = serviceOfHost(host);
    const [found] = service ? informer.byIndex(BY_SERVICE, `${service.namespace}/${service.name}`) : [];
    return found?.spec.log ? found : undefined;
  };
  return {
    serves: (host) => find(host) !== undefined,
    handle: (request) => take(find(request.host), request, guard, log),
  };
}

async function take(
  sink: IntegrationSink | undefined,
  request: SinkRequest,
  guard: Guard,
  log: Logger,
): Promise<SinkAnswer> {
  const { method, headers, body } = request;
  if (method !== 'POST') return notPosted(method);
  const decoded = decodeHttp(headers, body);
  if (decoded.outcome === 'batch') return { status: 400, text: 'expected one event, but this is a batch' };
  if (decoded.outcome !== 'event') return { status: 400, text: decoded.problem };
  const refusal = sink && (await guard(sink, request));
  if (refusal) return refusal;
  if (sink) writeLine(log, sink, decoded.event);
  return { status: 204 };
}

function writeLine(log: Logger, { metadata, spec }: IntegrationSink, event: CloudEvent): void {
  const { loggerName = 'log-sink', level = 'INFO', showHeaders, showBody = true, showBodyType = true } = spec.log ?? {};
  const attributes = Object.fromEntries([...event.attributes].map(([name, value]) => [name, attributeText(value)]));
  const { id = '', type = '', source = '', datacontenttype } = attributes;
  const fields: LogFields = {
    sink: `${metadata.namespace ?? ''}/${metadata.name}`,
    ...(showHeaders ? { attributes } : { id, type, source }),
    ...(showBodyType && datacontenttype ? { datacontenttype } : {}),
    ...(showBody ? { data: shown(event.data) } : {}),
  };
  log.named(loggerName)[LEVELS[level.toUpperCase()] ?? 'info']('an event', fields);
}

function shown(data: Uint8Array | undefined): string {
  const text = new TextDecoder().decode(data?.subarray(0, MAX_LOGGED * 4));
  return text.length > MAX_LOGGED ? `${text.slice(0, MAX_LOGGED)}…` : text;
}
