// Replays a population against settings: each application by itself, for they share nothing.

import { seededRandom } from '#base/mod.ts';
import type { Application } from './applications.ts';
import { arrivalsOf, drawDuration } from './applications.ts';
import { QueueClock } from './queue-clock.ts';
import type { Settings } from './revision.ts';
import { SimulatedRevision } from './revision.ts';
import type { Figures } from './tally.ts';
import { Tally } from './tally.ts';

/** Applications are deployed before the first day begins, so that their first instances are no part of it. */
const BEFORE_MS = 900_000;

export function replay(applications: readonly Application[], hours: number, settings: Settings): Figures {
  const tally = new Tally(BEFORE_MS);
  for (const application of applications) replayOne(application, hours, settings, tally);
  return tally.figures;
}

function replayOne(application: Application, hours: number, settings: Settings, tally: Tally): void {
  const clock = new QueueClock();
  const revision = new SimulatedRevision(clock, settings, tally, seededRandom(application.seed ^ 1));
  const random = seededRandom(application.seed);
  for (const atMs of arrivalsOf(application, hours, random)) {
    clock.runUntil(BEFORE_MS + atMs);
    revision.request(drawDuration(application, random));
  }
  clock.runUntil(BEFORE_MS + hours * 3_600_000);
  revision.close();
}
