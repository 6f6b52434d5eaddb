// KafkaSinks: whether the topic is there, and where events for it are taken.

import { messageOf } from '#base/mod.ts';
import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController, watchSecrets } from '#engine/mod.ts';
import { caCertsOf, settlePolicies, tellAddress, watchCertificate, watchPolicies } from '#eventing/mod.ts';
import type { Kafka, KafkaAccess } from '#kafka/mod.ts';
import { CLUSTER_DOMAIN, EVENTING_NAMESPACE, eventingFeaturesConfig, KafkaSink, Secret } from '#kinds/mod.ts';
import { accessOf, secretNameOf } from './access.ts';

/** The Service of all KafkaSinks. */
export const KAFKA_SINK_SERVICE = 'kafka-sink-ingress';

/** How long a topic that was not to be seen is left alone. */
const AGAIN_MS = 15_000;

export function kafkaSinkUrl(scheme: string, { metadata: { namespace = '', name } }: KafkaSink): string {
  return `${scheme}://${KAFKA_SINK_SERVICE}.${EVENTING_NAMESPACE}.svc.${CLUSTER_DOMAIN}/${namespace}/${name}`;
}

/** `ownCa` is the platform's own authority, by which it is trusted unless others' certificates are shown. */
export function kafkaSinkController(kafka: Kafka, ownCa?: string): ControllerDefinition<KafkaSink> {
  const secretWatch = watchSecrets(KafkaSink, (sink) => [secretNameOf(sink)]);
  return defineController<KafkaSink>({
    name: 'kafka-sink-controller',
    of: KafkaSink,
    watches: [watchPolicies(KafkaSink), watchCertificate(KafkaSink, KAFKA_SINK_SERVICE), ...secretWatch.watches],
    indexes: secretWatch.indexes,
    configs: [eventingFeaturesConfig],
    async reconcile(turn) {
      const { object, status, mark } = turn;
      settlePolicies(turn);
      const name = secretNameOf(object);
      const found = accessOf(object, name ? turn.get(Secret, object.metadata.namespace ?? '', name) : undefined);
      const isThere =
        'fault' in found ? noTopic(turn, 'AccessInvalid', found.fault) : await settleTopic(turn, kafka, found.access);
      if (!isThere) return mark.false('Addressable', 'TopicNotReady', 'events are taken once the topic is there');
      tellAddress(status, object, turn.config(eventingFeaturesConfig), {
        plain: kafkaSinkUrl('http', object),
        secure: kafkaSinkUrl('https', object),
        caCerts: () => caCertsOf(KAFKA_SINK_SERVICE, turn, ownCa),
      });
      if (status.address) status.addresses ??= [status.address];
      mark.true('Addressable');
    },
  });
}

function noTopic({ mark }: Turn<KafkaSink>, reason: string, why: string): false {
  mark.false('TopicReady', reason, why);
  return false;
}

/** Makes the topic where the sink says of what form it is to be. One that was made stays when the sink goes: it has data. */
async function settleTopic(turn: Turn<KafkaSink>, kafka: Kafka, access: KafkaAccess): Promise<boolean> {
  const { topic = '', numPartitions, replicationFactor } = turn.object.spec;
  try {
    const { size } = await kafka.partitionsOf(access, [topic]);
    if (size === 0 && numPartitions && replicationFactor)
      await kafka.createTopic(access, { topic, partitions: numPartitions, replicationFactor });
    else if (size === 0) {
      turn.again(AGAIN_MS);
      const how = 'make it, or set spec.numPartitions and spec.replicationFactor and it is made';
      return noTopic(turn, 'TopicNotFound', `there is no topic ${JSON.stringify(topic)}: ${how}`);
    }
  } catch (thrown) {
    turn.again(AGAIN_MS);
    return noTopic(turn, 'Unreachable', messageOf(thrown));
  }
  turn.mark.true('TopicReady');
  return true;
}
