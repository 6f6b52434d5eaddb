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
  /** The platform's own authority, by which sinks are trusted that are reached by TLS. */
  readonly ownCa?: string | undefined;
}

export function sinksControllers(engine: Engine, { evaluator, kafka, ownCa }: SinksOptions): Controller[] {
  return [
    engine.controller(jobSinkController(ownCa)),
    engine.controller(integrationSinkController(ownCa)),
    engine.controller(kafkaSinkController(kafka, ownCa)),
    engine.controller(eventTransformController(evaluator, ownCa)),
  ];
}
