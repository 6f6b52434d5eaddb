// The server for sinks, EventTransforms and webhook sources, which the platform itself carries out, and the Services by which they are
// found.

import type { Engine } from '#engine/mod.ts';
import type { Send } from '#events/mod.ts';
import { filtering, Gatekeeper } from '#events/mod.ts';
import { kafkaClient } from '#kafka/mod.ts';
import { eventingFeaturesConfig } from '#kinds/mod.ts';
import type { Evaluator } from '#sinks/mod.ts';
import {
  EVENT_TRANSFORM_SERVICE,
  Evaluators,
  eventTransformFront,
  frontOf,
  guardOf,
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
import type { EventCertificates } from '../events/certificates.ts';
import { identityTokens } from '../events/identities.ts';
import type { Objects } from '../objects.ts';
import { publishSinks } from '../seed.ts';
import { serveSinks } from '../sink-server.ts';
import type { Site } from './site.ts';

/** How long a platform that stops waits for events of calls that are on their way. */
const GRACE_MS = 3000;

/** What evaluates expressions of users. It starts its processes when it is asked something. */
export function makeEvaluator({ clock, options, undo }: Site): Evaluator {
  const evaluators = new Evaluators({ clock, start: helperProcesses(options.transformProgram) });
  undo.add(() => evaluators.close());
  return evaluators;
}

export interface SinksParts {
  readonly objects: Objects;
  readonly config: Engine['config'];
  readonly certificates: EventCertificates;
  readonly send: Send;
  readonly evaluator: Evaluator;
  readonly log: Logger;
}

export async function startSinks({ listening, clock, random, undo }: Site, parts: SinksParts): Promise<void> {
  const { objects, config, certificates, send, evaluator, log } = parts;
  const { informers } = objects;
  const client = objects.clientOf('sinks');
  const guard = guardOf({
    informers,
    features: () => config.get(eventingFeaturesConfig),
    gatekeeper: gatekeeperOf(objects),
  });
  const kept = identityTokens(objects.tokens, informers, clock);
  const giveToken = async (identity: string, audience: string) => kept(identity, audience);
  const outbox = new Outbox({ clock, log: log.named('sources'), giveToken, send });
  undo.add(() => outbox.close(GRACE_MS));
  const intoKafka = kafkaSinkFront(informers, guard, kafkaClient);
  undo.add(() => intoKafka.close());
  const fronts = [
    jobSinkFront(client, guard),
    integrationSinkFront(informers, guard, log),
    eventTransformFront({ clock, informers, guard, evaluator, send, giveToken }),
    intoKafka,
    webhookFront({ find: calledSources({ informers, clock, random }), post: (parcel) => outbox.post(parcel) }),
  ];
  const server = await serveSinks(frontOf(fronts), listening.side, log.named('sinks'), async (host) =>
    fronts.some((front) => front.serves(host)) ? certificates.contextFor(host) : undefined,
  );
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
    tlsPort: server.tlsPort,
  });
}

function gatekeeperOf({ tokens }: Objects): Gatekeeper {
  return new Gatekeeper({
    async verify(token, audience) {
      const found = tokens.read(token, [audience]);
      if (!found) throw new Error(`it is none of this platform's, has ended, or is not for the audience ${audience}`);
      return found.user.name;
    },
    passes: (filters, event) => filtering.sieve(filters).matches(event),
  });
}
