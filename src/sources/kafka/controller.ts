// Says of KafkaSources that they are not carried out: nobody shall wait for events that do not come.

import { defineController } from '#engine/mod.ts';
import { KafkaSource } from '#kinds/mod.ts';

const NOT_HERE = 'KafkaSources are kept and checked, but this platform does not read from Kafka';

export const kafkaSourceController = defineController<KafkaSource>({
  name: 'kafka-source-controller',
  of: KafkaSource,
  reconcile({ mark }) {
    mark.false('ConnectionEstablished', 'NotSupported', NOT_HERE);
  },
});
