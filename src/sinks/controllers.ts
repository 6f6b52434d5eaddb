// All controllers of sinks, ready to run.

import type { Controller, Engine } from '#engine/mod.ts';
import type { Kafka } from '#kafka/mod.ts';
import { integrationSinkController } from './integration/controller.ts';
import { jobSinkController } from './job/controller.ts';
import { kafkaSinkController } from './kafka/controller.ts';
import { eventTransformController } from './transform/controller.ts';
import type { Evaluator } from './transform/evaluators.ts';

export interface SinksOptions {
  readonly evaluator: Pick<Evaluator, 'check'>;
  readonly kafka: Kafka;
}

export function sinksControllers(engine: Engine, { evaluator, kafka }: SinksOptions): Controller[] {
  return [
    engine.controller(jobSinkController),
    engine.controller(integrationSinkController),
    engine.controller(kafkaSinkController(kafka)),
    engine.controller(eventTransformController(evaluator)),
  ];
}
