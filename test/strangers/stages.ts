// Every stage of the strangers by its name, which is also that of its file of expected failures.

import { BROWSER } from '../sessions/browser/stage.ts';
import { SESSIONS } from '../sessions/run.ts';
import { ADMISSION } from './admission/stage.ts';
import { CESQL } from './cesql/stage.ts';
import { CLUSTER } from './cluster/stage.ts';
import { eventingStage } from './eventing/stage.ts';
import { EVENTING_SUITES } from './eventing/suites.ts';
import { H2SPEC } from './h2spec.ts';
import { JETSTREAM } from './jetstream/stage.ts';
import { KAFKA } from './kafka/stage.ts';
import { servingStage } from './serving.ts';
import type { LoneStage, Stage } from './stage.ts';
import { SERVING_SUITES } from './suites.ts';

export const STAGES: Readonly<Record<string, Stage | LoneStage>> = {
  sessions: SESSIONS,
  browser: BROWSER,
  admission: ADMISSION,
  cluster: CLUSTER,
  cesql: CESQL,
  h2spec: H2SPEC,
  jetstream: JETSTREAM,
  kafka: KAFKA,
  ...Object.fromEntries(Object.entries(SERVING_SUITES).map(([name, suite]) => [name, servingStage(name, suite)])),
  ...Object.fromEntries(Object.entries(EVENTING_SUITES).map(([name, suite]) => [name, eventingStage(suite)])),
};
