// The HTTP face of KafkaSinks: an event is on every replica that is in sync before its sender hears 202.

import { equal } from '#base/mod.ts';
import type { CloudEvent } from '#events/mod.ts';
import { decodeHttp } from '#events/mod.ts';
import type { Kafka, KafkaAccess, KafkaProducer } from '#kafka/mod.ts';
import { KafkaError, recordOfEvent } from '#kafka/mod.ts';
import { EVENTING_NAMESPACE, KafkaSink, Secret, serviceOfHost } from '#kinds/mod.ts';
import { isReady } from '#machinery/mod.ts';
import type { Informers } from '#objects/mod.ts';
import type { SinkAnswer, SinkFront, SinkRequest } from '../front.ts';
import type { Guard } from '../guard.ts';
import { accessOf, secretNameOf } from './access.ts';
import { KAFKA_SINK_SERVICE } from './controller.ts';

/** Events of KafkaSinks that wait for their brokers; beyond this many, senders are asked to come again. */
const MAX_UNDER_WAY = 1000;
const AGAIN = { 'Retry-After': '1' };

interface Kept {
  readonly access: KafkaAccess;
  readonly producer: KafkaProducer;
}

export interface KafkaSinkFront extends SinkFront {
  /** Ends the connections to brokers. */
  close(): Promise<void>;
}

export function kafkaSinkFront(informers: Informers, guard: Guard, kafka: Kafka): KafkaSinkFront {
  const [sinks, secrets] = [informers.of(KafkaSink), informers.of(Secret)];
  /** By sink. */
  const kept = new Map<string, Kept>();
  let underWay = 0;

  /** The producer of a sink; of one that is told to go elsewhere a new one. */
  function producerOf(key: string, access: KafkaAccess): KafkaProducer {
    const before = kept.get(key);
    if (before && equal(before.access, access)) return before.producer;
    void before?.producer.close().catch(() => undefined);
    const producer = kafka.producer(access);
    kept.set(key, { access, producer });
    return producer;
  }

  function forgetOld(): void {
    for (const [key, { producer }] of kept) {
      const [namespace = '', name = ''] = key.split('/');
      if (sinks.get(namespace, name)) continue;
      kept.delete(key);
      void producer.close().catch(() => undefined);
    }
  }

  async function take(request: SinkRequest): Promise<SinkAnswer> {
    const { method, target, headers, body } = request;
    const [, namespace, name] = /^\/([^/?]+)\/([^/?]+)\/?$/.exec(target) ?? [];
    const sink = namespace && name ? sinks.get(namespace, name) : undefined;
    if (!sink)
      return {
        status: 404,
        text: `expected the path /NAMESPACE/NAME of a KafkaSink that is there, but it is ${target}`,
      };
    if (method !== 'POST')
      return {
        status: 405,
        headers: { Allow: 'POST' },
        text: `expected POST with an event, but the method is ${method}`,
      };
    const refusal = await guard(sink, request);
    if (refusal) return refusal;
    const decoded = decodeHttp(headers, body);
    if (decoded.outcome === 'no-event' || decoded.outcome === 'malformed')
      return { status: 400, text: decoded.problem };
    if (!isReady(sink))
      return {
        status: 503,
        headers: AGAIN,
        text: `KafkaSink ${namespace}/${name} is not ready; its conditions say why`,
      };
    if (underWay >= MAX_UNDER_WAY)
      return { status: 429, headers: AGAIN, text: `${MAX_UNDER_WAY} events wait for their brokers already` };
    underWay++;
    try {
      return await write(sink, decoded.outcome === 'batch' ? decoded.events : [decoded.event]);
    } finally {
      underWay--;
    }
  }

  async function write(sink: KafkaSink, events: readonly CloudEvent[]): Promise<SinkAnswer> {
    const { namespace = '', name } = sink.metadata;
    const secret = secretNameOf(sink);
    const found = accessOf(sink, secret ? secrets.get(namespace, secret) : undefined);
    if ('fault' in found) return { status: 503, headers: AGAIN, text: found.fault };
    const { topic = '', contentMode } = sink.spec;
    const mode = contentMode === 'structured' ? 'structured' : 'binary';
    forgetOld();
    try {
      await producerOf(`${namespace}/${name}`, found.access).send(
        events.map((event) => recordOfEvent(topic, event, mode)),
      );
      return { status: 202 };
    } catch (thrown) {
      if (!(thrown instanceof KafkaError)) throw thrown;
      if (thrown.trouble === 'too-large')
        return { status: 413, text: `the brokers take no event of this size: ${thrown.message}` };
      return { status: 503, headers: AGAIN, text: `the event was not written: ${thrown.message}` };
    }
  }

  return {
    serves(host) {
      const service = serviceOfHost(host);
      return service?.name === KAFKA_SINK_SERVICE && service.namespace === EVENTING_NAMESPACE;
    },
    handle: take,
    async close() {
      await Promise.all([...kept.values()].map(({ producer }) => producer.close().catch(() => undefined)));
    },
  };
}
