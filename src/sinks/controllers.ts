// All controllers of sinks, ready to run.

import type { Controller, Engine } from '#engine/mod.ts';
import { integrationSinkController } from './integration/controller.ts';
import { jobSinkController } from './job/controller.ts';
import { kafkaSinkController } from './kafka/controller.ts';
import { eventTransformController } from './transform/controller.ts';
import type { Evaluator } from './transform/evaluators.ts';

export function sinksControllers(engine: Engine, evaluator: Pick<Evaluator, 'check'>): Controller[] {
  return [
    engine.controller(jobSinkController),
    engine.controller(integrationSinkController),
    engine.controller(kafkaSinkController),
    engine.controller(eventTransformController(evaluator)),
  ];
}
