// Sinks and transformations that the platform itself is, and sources that are called: a server that takes their events, and the Services by which they are found.

import type { Send } from '#events/mod.ts';
import { kafkaClient } from '#kafka/mod.ts';
import type { Evaluator } from '#sinks/mod.ts';
import {
  EVENT_TRANSFORM_SERVICE,
  Evaluators,
  eventTransformFront,
  frontOf,
  helperProcesses,
  INTEGRATION_SINK_SERVICE,
  integrationSinkFront,
  JOB_SINK_SERVICE,
  jobSinkFront,
  KAFKA_SINK_SERVICE,
  kafkaSinkFront,
} from '#sinks/mod.ts';
import { calledSources, Outbox, WEBHOOK_SERVICE, webhookFront } from '#sources/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import type { Objects } from '../objects.ts';
import { publishSinks } from '../seed.ts';
import { serveSinks } from '../sink-server.ts';
import type { Site } from './site.ts';
import { tokensOf } from './sources.ts';

/** How long a platform that stops waits for events of calls that are on their way. */
const GRACE_MS = 3000;

/** What evaluates expressions of users. It starts its processes when it is asked something. */
export function makeEvaluator({ clock, options, undo }: Site): Evaluator {
  const evaluators = new Evaluators({ clock, start: helperProcesses(options.transformProgram) });
  undo.add(() => evaluators.close());
  return evaluators;
}

export interface SinkParts {
  readonly objects: Objects;
  readonly send: Send;
  readonly evaluator: Evaluator;
  readonly log: Logger;
}

export async function startSinks({ listening, clock, random, undo }: Site, parts: SinkParts): Promise<void> {
  const { objects, send, evaluator, log } = parts;
  const { informers } = objects;
  const client = objects.clientOf('sinks');
  const outbox = new Outbox({ clock, log: log.named('sources'), giveToken: tokensOf(objects), send });
  undo.add(() => outbox.close(GRACE_MS));
  const intoKafka = kafkaSinkFront(informers, kafkaClient);
  undo.add(() => intoKafka.close());
  const front = frontOf([
    jobSinkFront(client),
    integrationSinkFront(informers, log),
    eventTransformFront({ informers, evaluator, send }),
    intoKafka,
    webhookFront({ find: calledSources({ informers, clock, random }), post: (parcel) => outbox.post(parcel) }),
  ]);
  const server = await serveSinks(front, listening.side, log.named('sinks'));
  undo.add(() => server.close());
  const services = [
    JOB_SINK_SERVICE,
    INTEGRATION_SINK_SERVICE,
    EVENT_TRANSFORM_SERVICE,
    KAFKA_SINK_SERVICE,
    WEBHOOK_SERVICE,
  ];
  await publishSinks(objects.clientOf('home'), services, {
    host: listening.side,
    port: server.port,
  });
}
