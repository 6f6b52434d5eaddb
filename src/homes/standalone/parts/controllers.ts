// The controllers of the platform, made and not yet running.

import { join } from 'node:path';
import type { Controller, Engine } from '#engine/mod.ts';
import { createEngine } from '#engine/mod.ts';
import type { ResolveReader } from '#eventing/mod.ts';
import { eventingControllers } from '#eventing/mod.ts';
import type { EventsControl } from '#events/mod.ts';
import { kafkaClient } from '#kafka/mod.ts';
import { EVENTING_CONTROLLER } from '#kinds/mod.ts';
import type { LocalVolumes } from '#node/mod.ts';
import type { Send } from '#events/mod.ts';
import type { Evaluator } from '#sinks/mod.ts';
import type { ResourceMetrics } from '#objects/mod.ts';
import type { Keys } from '#pki/mod.ts';
import { servingControllers, WakeWatch } from '#serving/mod.ts';
import { sinksControllers } from '#sinks/mod.ts';
import { podMetrics, workloadControllers } from '#workloads/mod.ts';
import { startCertificates } from '../certificates.ts';
import type { DataLink } from '../data-process.ts';
import { fetchText } from '../fetch-text.ts';
import { EventCertificates } from '../events/certificates.ts';
import { followSettings } from '../follow-settings.ts';
import type { Objects } from '../objects.ts';
import type { Telling } from '../telling.ts';
import type { PlatformImages } from './images.ts';
import type { Site } from './site.ts';
import { makeSources, readerOf } from './sources.ts';
import type { PlatformTelemetry } from './telemetry.ts';

export interface ControllerParts {
  readonly telemetry: PlatformTelemetry;
  readonly keys: Keys;
  readonly objects: Objects;
  readonly data: DataLink;
  readonly events: EventsControl;
  readonly telling: Telling;
  readonly images: PlatformImages;
  readonly volumes: LocalVolumes;
  readonly usage: ResourceMetrics;
  readonly send: Send;
  readonly evaluator: Evaluator;
}

export interface PlatformControllers {
  readonly controllers: readonly Controller[];
  /** What they look at, in one. */
  readonly reader: ResolveReader;
  /** What is shown where events come in by TLS. */
  readonly certificates: EventCertificates;
  readonly config: Engine['config'];
}

export async function makeControllers(site: Site, parts: ControllerParts): Promise<PlatformControllers> {
  const { options, clock, calm, random, undo } = site;
  const { keys, data, telling, volumes, usage } = parts;
  const { telemetry, admin } = parts.telemetry;
  const { log, metrics, tracer } = telemetry;
  const { informers, scheme, clientOf } = parts.objects;
  const { supply } = parts.images;
  const certificates = await startCertificates({
    keyFolder: join(options.dataDir, 'keys'),
    client: clientOf('home'),
    clock,
    version: options.version,
    warn: (message, fields) => log.named('certificates').warn(message, fields),
  });
  undo.add(() => certificates.close());
  const shared = { informers, clock, calm, random, log: log.named('controller'), metrics, tracer };
  const engine = createEngine({ ...shared, client: clientOf('controllers') });
  const eventing = createEngine({ ...shared, client: clientOf('eventing-controller', EVENTING_CONTROLLER) });
  undo.add(followSettings({ config: engine.config, telemetry, data: admin, link: data.control }));
  const ownCa = await certificates.issuers.local.caPem();
  const eventCertificates = new EventCertificates({
    informers,
    config: eventing.config,
    gateway: data.control,
    issue: (hosts, lifeMs) => certificates.issuers.local.issue(hosts, lifeMs),
    clock,
    log: log.named('events'),
  });
  undo.add(eventCertificates.start());
  const wakes = new WakeWatch({ clock, calm, metrics, tracer, informers });
  undo.add(wakes.start(data.control));
  const controllers = [
    ...workloadControllers({
      engine,
      informers,
      scheme,
      random,
      log: log.named('controller'),
      rootCa: keys.caPem,
      volumes,
      metrics: { resources: usage, custom: podMetrics(fetchText, clock) },
    }),
    ...servingControllers({
      client: clientOf('controllers'),
      informers,
      gateway: telling.noting(data.control, (key, target) => wakes.told(key, target)),
      digests: supply,
      fetchText,
      issuers: certificates.issuers,
      clock,
      random,
      log: log.named('controller'),
      metrics,
      engine,
    }),
    ...makeSources(site, { engine, objects: parts.objects, send: parts.send, log }),
    ...sinksControllers(engine, { evaluator: parts.evaluator, kafka: kafkaClient, ownCa }),
    ...eventingControllers({
      engine: eventing,
      events: telling.notingStreams(parts.events),
      log: log.named('controller'),
      ownCa,
    }),
  ];
  return { controllers, reader: readerOf(eventing), certificates: eventCertificates, config: eventing.config };
}
