// pods/log: what a container wrote, as plain text, and what it writes while one looks.

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Pod } from '#kinds/mod.ts';
import { QUEUE_CONTAINER, REVISION_LABEL } from '#kinds/mod.ts';
import { badRequest } from '#machinery/mod.ts';
import type { LogOptions } from '#objects/mod.ts';
import type { Exchange } from '../exchange.ts';
import { whole } from '../request/query.ts';
import { isTrue } from '../request/request-info.ts';
import type { Handler } from '../services.ts';
import { standing } from '../verbs/reading.ts';
import { asksForEnded, endedPod } from './ended-pods.ts';
import { notImplemented } from './not-implemented.ts';

export const podLog: Handler = async (exchange, target, services) => {
  const { podStreams, store } = services;
  if (!podStreams) throw notImplemented('logs of containers');
  const options = logOptions(exchange.query);
  const pod = asksForEnded(exchange) ? await endedPod(target, services) : (standing(store, target) as Pod);
  const container = isRequestLog(pod, options) ? QUEUE_CONTAINER : containerOf(pod, options.container);
  await pour(exchange, podStreams.logs(pod, { ...options, container }, exchange.signal));
};

/** What the gateway noted of requests to a revision's Pod, under the name of the container that does so in Knative (docs/adr/0014). */
function isRequestLog({ metadata, spec }: Pod, { container }: LogOptions): boolean {
  return (
    container === QUEUE_CONTAINER &&
    metadata.labels?.[REVISION_LABEL] !== undefined &&
    spec.containers.every(({ name }) => name !== QUEUE_CONTAINER)
  );
}

/** PodLogOptions from a query. Throws 400 for what is no number, no time, or does not go together. */
function logOptions(query: URLSearchParams): LogOptions {
  const numbers = {
    tailLines: whole(query, 'tailLines'),
    sinceSeconds: whole(query, 'sinceSeconds'),
    limitBytes: whole(query, 'limitBytes'),
  };
  const sinceTime = query.get('sinceTime') || undefined;
  if (sinceTime && Number.isNaN(Date.parse(sinceTime)))
    throw badRequest(`sinceTime: Invalid value: ${JSON.stringify(sinceTime)}: must be a time as RFC 3339 writes it`);
  if (sinceTime && numbers.sinceSeconds !== undefined)
    throw badRequest('at most one of sinceTime or sinceSeconds may be specified');
  const given = Object.fromEntries(
    Object.entries({ ...numbers, sinceTime, container: query.get('container') || undefined }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  return {
    ...given,
    follow: isTrue(query.get('follow')),
    previous: isTrue(query.get('previous')),
    timestamps: isTrue(query.get('timestamps')),
  };
}

/** The container that a stream is asked of, or the only one. Throws 400 in the words of Kubernetes (pkg/registry/core/pod LogLocation). */
export function containerOf({ metadata: { name, annotations }, spec }: Pod, asked: string | undefined): string {
  const main = spec.containers.map((container) => container.name);
  const initial = (spec.initContainers ?? []).map((container) => container.name);
  const wanted =
    asked ?? annotations?.['kubectl.kubernetes.io/default-container'] ?? (main.length === 1 ? main[0] : undefined);
  if (wanted !== undefined) {
    if ([...main, ...initial].includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${name}`);
  }
  const also = initial.length > 0 ? ` or one of the init containers: [${initial.join(' ')}]` : '';
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${main.join(' ')}]${also}`);
}

/** Sends chunks as they come, no faster than the client reads. The head goes out with the first of them, so a refusal can still be told. */
async function pour({ response, request, signal }: Exchange, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const chunk of chunks) {
      begin(response);
      if (request.method === 'HEAD') break;
      if (!response.write(chunk)) await once(response, 'drain', { signal });
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
  begin(response);
  response.end();
}

function begin(response: ServerResponse): void {
  if (!response.headersSent)
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Cache-Control': 'no-cache, private' });
}
