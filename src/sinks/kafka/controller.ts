// Says of KafkaSinks that they are not carried out: nobody shall send to what writes nothing.

import { defineController } from '#engine/mod.ts';
import { KafkaSink } from '#kinds/mod.ts';

const NOT_HERE = 'KafkaSinks are kept and checked, but this platform does not write to Kafka';

export const kafkaSinkController = defineController<KafkaSink>({
  name: 'kafka-sink-controller',
  of: KafkaSink,
  reconcile({ mark }) {
    mark.false('TopicReady', 'NotSupported', NOT_HERE);
    mark.false('Addressable', 'NotSupported', NOT_HERE);
  },
});
