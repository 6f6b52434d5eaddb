// KafkaSources: each is read by a member of its group in the platform's control process, so that the gateway never waits for it.

import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController, settleIdentity, watchSecrets } from '#engine/mod.ts';
import type { Consumer, Destination } from '#events/mod.ts';
import type { KafkaTrouble } from '#kafka/mod.ts';
import {
  eventingFeaturesConfig,
  KAFKA_EVENT_TYPE,
  KAFKA_KEY_TYPE_LABEL,
  KafkaSource,
  plainDelivery,
  Secret,
  ServiceAccount,
} from '#kinds/mod.ts';
import type { SinkAddress, SinkResolver } from '../sinks.ts';
import { settleSink, watchSinks } from '../sinks.ts';
import { accessOf, secretsOf } from './access.ts';
import type { KeyType } from './event.ts';
import { kafkaSourceUri } from './event.ts';
import type { ReadingRoute, ReadingState } from './reading.ts';
import type { Readings } from './readings.ts';

export interface KafkaSourcePorts {
  readonly sinks: SinkResolver;
  readonly readings: Pick<Readings, 'set' | 'stop' | 'listen'>;
}

type KafkaTurn = Turn<KafkaSource>;

const CONNECTED = 'ConnectionEstablished';
const BEGUN = 'InitialOffsetsCommitted';
/** What a delivery leaves out. */
const USUAL_DELIVERY = { retry: 10, backoffPolicy: 'exponential', backoffDelay: 'PT0.3S', timeout: 'PT600S' };
const REASONS: Readonly<Record<KafkaTrouble, string>> = {
  unreachable: 'Unreachable',
  'not-let-in': 'NotLetIn',
  'no-topic': 'TopicNotFound',
  'too-large': 'Failed',
  other: 'Failed',
};

export function kafkaSourceController({ sinks, readings }: KafkaSourcePorts): ControllerDefinition<KafkaSource> {
  const sinkWatch = watchSinks(KafkaSource, sinks);
  const secretWatch = watchSecrets(KafkaSource, ({ spec }) => secretsOf(spec));
  return defineController<KafkaSource>({
    name: 'kafka-source-controller',
    of: KafkaSource,
    owns: [ServiceAccount],
    watches: [...sinkWatch.watches, ...secretWatch.watches],
    indexes: [...sinkWatch.indexes, ...secretWatch.indexes],
    configs: [eventingFeaturesConfig],
    async reconcile(turn) {
      const { object, status, mark, key } = turn;
      const { topics = [], consumers = 1, consumerGroup = '', initialOffset } = object.spec;
      const address = settleSink(turn, sinks);
      const identity = (await settleIdentity(turn)) || undefined;
      status.ceAttributes = topics.map((topic) => ({ type: KAFKA_EVENT_TYPE, source: uriOf(object, topic) }));
      status.consumers = consumers;
      const found = accessOf(object.spec, (name) => turn.get(Secret, object.metadata.namespace ?? '', name));
      const route = address && routeOf(turn, address, identity, sinks);
      if ('fault' in found || !route) {
        void readings.stop(key);
        if ('fault' in found) mark.false(CONNECTED, 'AccessInvalid', found.fault);
        else if (!address) mark.unknown(CONNECTED, 'SinkNotFound', 'nothing is read before there is a sink');
        return;
      }
      if (consumers === 0) {
        void readings.stop(key);
        mark.trueWith(CONNECTED, 'Paused', 'nothing is read, for spec.consumers is 0');
        return mark.true(BEGUN);
      }
      const from = initialOffset === 'earliest' ? 'earliest' : 'latest';
      tellState(turn, readings.set(key, { access: found.access, group: consumerGroup, topics, from }, route));
    },
    async forget(key) {
      await readings.stop(key);
    },
    listen: (poke) => readings.listen(poke),
  });
}

function uriOf({ metadata: { namespace = '', name } }: KafkaSource, topic: string): string {
  return kafkaSourceUri({ namespace, name }, topic);
}

function tellState({ mark }: KafkaTurn, state: ReadingState): void {
  switch (state.phase) {
    case 'reading':
      mark.true(CONNECTED);
      return mark.true(BEGUN);
    case 'connecting':
      return mark.unknown(CONNECTED, 'Connecting', 'the brokers have not answered yet');
    case 'failed':
      return mark.false(CONNECTED, REASONS[state.trouble], state.why);
  }
}

/** Undefined where the dead letter sink leads nowhere: what fails must not be lost meanwhile. */
function routeOf(
  turn: KafkaTurn,
  address: SinkAddress,
  identity: string | undefined,
  sinks: SinkResolver,
): ReadingRoute | undefined {
  const { metadata, spec } = turn.object;
  const { namespace = '', name, labels } = metadata;
  const as = identity === undefined ? undefined : `${namespace}/${identity}`;
  const { deadLetterSink } = spec.delivery ?? {};
  const deadLetter = deadLetterSink && sinks.resolve(deadLetterSink, namespace, turn);
  if (deadLetter && 'fault' in deadLetter) {
    turn.mark.false(CONNECTED, 'DeadLetterSinkNotFound', `spec.delivery.deadLetterSink: ${deadLetter.fault}`);
    return undefined;
  }
  const consumer: Consumer = {
    namespace,
    name,
    kind: 'subscription',
    filters: [],
    subscriber: destinationOf(address, as),
    ...(deadLetter ? { deadLetter: destinationOf(deadLetter.address, as) } : {}),
    delivery: plainDelivery({ ...USUAL_DELIVERY, ...spec.delivery }),
  };
  const keyType = (labels?.[KAFKA_KEY_TYPE_LABEL] ?? 'string') as KeyType;
  return {
    consumer,
    source: { namespace, name, keyType, overrides: spec.ceOverrides },
    ordered: spec.ordering !== 'unordered',
  };
}

function destinationOf({ url, CACerts, audience }: SinkAddress, identity: string | undefined): Destination {
  return {
    url,
    ...(CACerts ? { caCerts: CACerts } : {}),
    ...(audience ? { audience } : {}),
    ...(audience && identity ? { identity } : {}),
  };
}
