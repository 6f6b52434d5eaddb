// The HTTP face of EventTransforms: an event comes in, what its expression makes of it goes to the sink, or back where there is none.

import type { Clock } from '#base/mod.ts';
import { messageOf as wordsOf, within } from '#base/mod.ts';
import type { RawHeaders, Send } from '#events/mod.ts';
import { passThrough } from '#events/mod.ts';
import { EventTransform, serviceOfHost } from '#kinds/mod.ts';
import type { Informers } from '#objects/mod.ts';
import type { SinkAnswer, SinkFront, SinkRequest } from '../front.ts';
import { notPosted } from '../front.ts';
import type { Guard } from '../guard.ts';
import type { Made } from './content.ts';
import { inputOf, messageOf } from './content.ts';
import { transformServiceName } from './controller.ts';
import type { Evaluator } from './evaluators.ts';

const BY_SERVICE = 'sinks/event-transforms-by-service';
/** How long a sink may take, which may have to wake from zero. */
const SINK_MS = 60_000;
/** When to come again where too many expressions wait. */
const RETRY_AFTER_SECONDS = 1;

export interface TransformPorts {
  readonly clock: Clock;
  readonly informers: Informers;
  readonly guard: Guard;
  readonly evaluator: Evaluator;
  readonly send: Send;
  /** A token of a ServiceAccount ("namespace/name") for an audience. */
  readonly giveToken: (identity: string, audience: string) => Promise<string>;
}

export function eventTransformFront(ports: TransformPorts): SinkFront {
  const informer = ports.informers.of(EventTransform);
  informer.addIndex(BY_SERVICE, (one) => [`${one.metadata.namespace ?? ''}/${transformServiceName(one)}`]);
  const find = (host: string): EventTransform | undefined => {
    const service = serviceOfHost(host);
    return service && informer.byIndex(BY_SERVICE, `${service.namespace}/${service.name}`)[0];
  };
  return {
    serves: (host) => find(host) !== undefined,
    async handle(request) {
      const transform = find(request.host);
      if (!transform) return { status: 404, text: `there is no EventTransform at ${request.host}` };
      return (await ports.guard(transform, request)) ?? new Passage(transform, ports).take(request);
    },
  };
}

/** An answer instead of what was to come next. */
class Refusal extends Error {
  readonly answer: SinkAnswer;

  constructor(status: number, text: string, headers: Readonly<Record<string, string>> = {}) {
    super(text);
    this.answer = { status, headers, text };
  }
}

/** One event on its way through. */
class Passage {
  readonly #transform: EventTransform;
  readonly #ports: TransformPorts;

  constructor(transform: EventTransform, ports: TransformPorts) {
    this.#transform = transform;
    this.#ports = ports;
  }

  async take(request: SinkRequest): Promise<SinkAnswer> {
    try {
      return await this.#through(request);
    } catch (thrown) {
      if (thrown instanceof Refusal) return thrown.answer;
      throw thrown;
    }
  }

  async #through({ method, target, headers, body }: SinkRequest): Promise<SinkAnswer> {
    const { spec } = this.#transform;
    if (target.replace(/\?.*$/, '') !== '/') throw new Refusal(404, `expected the path /, but it is ${target}`);
    if (method !== 'POST') return notPosted(method);
    const made = await this.#evaluate(spec.jsonata?.expression ?? '', headers, body);
    if (!spec.sink) return answerOf(200, made);
    const answer = await this.#sendOn(made, passThrough(headers));
    const hasFailed = answer.status < 200 || answer.status >= 300;
    if (spec.reply?.discard) return { status: answer.status };
    const expression = spec.reply?.jsonata?.expression;
    if (expression === undefined || hasFailed || answer.body.length === 0) return passedOn(answer);
    return answerOf(answer.status, await this.#evaluate(expression, answer.headers, answer.body));
  }

  async #evaluate(
    expression: string,
    headers: RawHeaders,
    body: Uint8Array,
  ): Promise<Exclude<Made, { fault: string }>> {
    const { namespace, name } = this.#transform.metadata;
    const input = inputOf(headers, body);
    if ('fault' in input) throw new Refusal(400, input.fault, { Reason: reasonOf(input.fault) });
    const result = await this.#ports.evaluator.evaluate(`${namespace}/${name}`, expression, input.json);
    if (result.outcome === 'busy')
      throw new Refusal(503, 'too many expressions wait to be evaluated', {
        'Retry-After': String(RETRY_AFTER_SECONDS),
      });
    if (result.outcome === 'nothing') throw failed('the expression makes nothing of this event');
    if (result.outcome === 'fault') throw failed(result.why);
    const made = messageOf(result.json);
    if ('fault' in made) throw failed(made.fault);
    return made;
  }

  async #sendOn({ type, body }: Exclude<Made, { fault: string }>, headers: readonly string[]) {
    const { clock, send, giveToken } = this.#ports;
    const { metadata, status } = this.#transform;
    const { sinkUri = '', sinkCACerts, sinkAudience, auth } = status ?? {};
    const url = URL.parse(sinkUri);
    if (!url) throw new Refusal(503, 'the sink is not resolved', { 'Retry-After': String(RETRY_AFTER_SECONDS) });
    const identity = auth?.serviceAccountName && `${metadata.namespace}/${auth.serviceAccountName}`;
    try {
      const token = identity && sinkAudience && (await giveToken(identity, sinkAudience));
      const request = {
        url,
        ...(sinkCACerts ? { caCerts: sinkCACerts } : {}),
        headers: ['Content-Type', type, ...headers, ...(token ? ['Authorization', `Bearer ${token}`] : [])],
        body,
      };
      return await within(clock, SINK_MS, undefined, (late) => send(request, late));
    } catch (thrown) {
      throw failed(`the sink ${sinkUri} did not answer: ${wordsOf(thrown)}`);
    }
  }
}

/** Told in a header as well, as Knative does. */
const failed = (why: string): Refusal => new Refusal(500, why, { Reason: reasonOf(why) });
const reasonOf = (why: string): string => why.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, 1000);

function answerOf(status: number, { type, body }: Exclude<Made, { fault: string }>): SinkAnswer {
  return { status, headers: { 'Content-Type': type }, body };
}

/** The sink's own answer, with what makes it an event. */
function passedOn({ status, headers, body }: Awaited<ReturnType<Send>>): SinkAnswer {
  const kept = [...passThrough(headers)];
  for (let i = 0; i < headers.length; i += 2)
    if (/^(?:content-type|ce-.*)$/i.test(headers[i] ?? '')) kept.push(headers[i] ?? '', headers[i + 1] ?? '');
  const pairs = kept.flatMap((name, i) => (i % 2 === 0 ? [[name, kept[i + 1] ?? ''] as const] : []));
  return { status, headers: Object.fromEntries(pairs), body };
}
