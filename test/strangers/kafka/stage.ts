// The contract of the Kafka port on franz-go's fake cluster, which speaks Kafka's protocol over real connections.

import type { LoneStage } from '../stage.ts';
import { kafkaFake } from '../tools.ts';
import { runTests } from '../vitest.ts';
import { KAFKA_FAKE } from './clusters.ts';

export const KAFKA: LoneStage = {
  prepare: async () => void (await kafkaFake()),
  runAlone: async (log, only) => runTests('kafka', { [KAFKA_FAKE]: await kafkaFake() }, log, only),
};
