// The HTTP face of KafkaSinks: an event is on every replica that is in sync before its sender hears 202.

import type { CloudEvent } from '#events/mod.ts';
import { decodeHttp } from '#events/mod.ts';
import type { Kafka } from '#kafka/mod.ts';
import { KafkaError, recordOfEvent } from '#kafka/mod.ts';
import { KafkaSink, Secret } from '#kinds/mod.ts';
import { isReady } from '#machinery/mod.ts';
import type { Informer, Informers } from '#objects/mod.ts';
import type { SinkAnswer, SinkFront, SinkRequest } from '../front.ts';
import { isSinkService, notPosted } from '../front.ts';
import type { Guard } from '../guard.ts';
import { accessOf, secretNameOf } from './access.ts';
import { KAFKA_SINK_SERVICE } from './controller.ts';
import { SinkProducers } from './producers.ts';

/** Events of KafkaSinks that wait for their brokers; beyond this many, senders are asked to come again. */
const MAX_UNDER_WAY = 1000;

export interface KafkaSinkFront extends SinkFront {
  /** Ends the connections to brokers. */
  close(): Promise<void>;
}

export function kafkaSinkFront(informers: Informers, guard: Guard, kafka: Kafka): KafkaSinkFront {
  return new Front(informers, guard, kafka);
}

class Front implements KafkaSinkFront {
  readonly #sinks: Informer<KafkaSink>;
  readonly #secrets: Informer<Secret>;
  readonly #guard: Guard;
  readonly #producers: SinkProducers;
  #underWay = 0;

  constructor(informers: Informers, guard: Guard, kafka: Kafka) {
    this.#sinks = informers.of(KafkaSink);
    this.#secrets = informers.of(Secret);
    this.#guard = guard;
    this.#producers = new SinkProducers(kafka);
  }

  serves(host: string): boolean {
    return isSinkService(host, KAFKA_SINK_SERVICE);
  }

  async handle(request: SinkRequest): Promise<SinkAnswer> {
    const { method, target } = request;
    const [, key = ''] = /^\/([^/?]+\/[^/?]+)\/?$/.exec(target) ?? [];
    const sink = this.#sinkOf(key);
    if (!sink)
      return {
        status: 404,
        text: `expected the path /NAMESPACE/NAME of a KafkaSink that is there, but it is ${target}`,
      };
    if (method !== 'POST') return notPosted(method);
    const refusal = await this.#guard(sink, request);
    if (refusal) return refusal;
    const read = eventsIn(request);
    if ('problem' in read) return { status: 400, text: read.problem };
    if (!isReady(sink)) return later(503, `KafkaSink ${key} is not ready; its conditions say why`);
    if (this.#underWay >= MAX_UNDER_WAY) return later(429, `${MAX_UNDER_WAY} events wait for their brokers already`);
    this.#underWay++;
    try {
      return await this.#write(key, sink, read.events);
    } finally {
      this.#underWay--;
    }
  }

  close(): Promise<void> {
    return this.#producers.close();
  }

  #sinkOf(key: string): KafkaSink | undefined {
    const [namespace = '', name = ''] = key.split('/');
    return name === '' ? undefined : this.#sinks.get(namespace, name);
  }

  async #write(key: string, sink: KafkaSink, events: readonly CloudEvent[]): Promise<SinkAnswer> {
    const secret = secretNameOf(sink);
    const found = accessOf(sink, secret ? this.#secrets.get(sink.metadata.namespace ?? '', secret) : undefined);
    if ('fault' in found) return later(503, found.fault);
    const { topic = '', contentMode } = sink.spec;
    const mode = contentMode === 'structured' ? 'structured' : 'binary';
    this.#producers.forgetOld((one) => this.#sinkOf(one) !== undefined);
    try {
      await this.#producers.of(key, found.access).send(events.map((event) => recordOfEvent(topic, event, mode)));
      return { status: 202 };
    } catch (thrown) {
      if (!(thrown instanceof KafkaError)) throw thrown;
      return thrown.trouble === 'too-large'
        ? { status: 413, text: `the brokers take no event of this size: ${thrown.message}` }
        : later(503, `the event was not written: ${thrown.message}`);
    }
  }
}

function eventsIn({ headers, body }: SinkRequest): { events: readonly CloudEvent[] } | { problem: string } {
  const decoded = decodeHttp(headers, body);
  if (decoded.outcome === 'event') return { events: [decoded.event] };
  return decoded.outcome === 'batch' ? { events: decoded.events } : { problem: decoded.problem };
}

/** The sender may come again soon. */
function later(status: 429 | 503, text: string): SinkAnswer {
  return { status, headers: { 'Retry-After': '1' }, text };
}
