// Cases as data: what there is, whose turn it is, and everything the turn does; anything more fails.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { copy, isRecord, seededRandom, VirtualClock } from '#base/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import type { ControllerDefinition } from '#engine/mod.ts';
import { createEngine } from '#engine/mod.ts';
import type { Write } from './fake-cluster.ts';
import type { Shorthand } from './shorthand.ts';
import { expand, shorten, shortStatus, wordOf } from './shorthand.ts';
import type { MakeWorld } from './world.ts';
import { inMemory } from './world.ts';

/** One document of a case file. */
export interface Case {
  readonly why: string;
  readonly given: readonly Shorthand[];
  /** The key whose turn it is. */
  readonly when: string;
  /** Wall time; 2026-01-02 unless told. */
  readonly now?: string;
  /** When the platform was last started; it has always been up unless told. */
  readonly upSince?: string;
  readonly then?: Outcome;
}

/** Everything a turn did. */
export interface Outcome {
  readonly creates?: readonly Shorthand[];
  readonly updates?: readonly Shorthand[];
  readonly patches?: readonly Record<string, unknown>[];
  readonly deletes?: readonly string[];
  readonly status?: Record<string, unknown>;
  readonly events?: readonly string[];
  /** Milliseconds until the next look; `failed` where the turn threw. */
  readonly again?: number | 'failed';
}

/** What else than objects a controller goes by is made for each case, and may depend on it. */
export type MakeDefinition<O extends KubeObject> = (
  clock: VirtualClock,
  given: Case,
) => ControllerDefinition<O> | Promise<ControllerDefinition<O>>;

let makeWorld: MakeWorld = inMemory;
/** Why a case does not hold elsewhere than in memory, by what it is called. */
let exceptions: Readonly<Record<string, string>> = {};

/** Plays every case in another world from now on; a case that is an exception there must fail. */
export function playIn(make: MakeWorld, except: Readonly<Record<string, string>>): void {
  makeWorld = make;
  exceptions = except;
}

/** What is deleted together is deleted at once, so a server elsewhere may see it in any order. */
function comparable(then: Outcome): Outcome {
  return makeWorld === inMemory || !then.deletes ? then : { ...then, deletes: [...then.deletes].sort() };
}

/** Makes a test of each document in each YAML file of a folder. `UPDATE=1` writes down what is so. */
export function checkCases<O extends KubeObject>(folder: string, make: MakeDefinition<O>): void {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
    const path = join(folder, file);
    const cases = parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS() as Case);
    const seen: Map<string, unknown>[] = [];
    for (const one of cases) {
      const runs = one.why in exceptions ? test.fails : test;
      runs(`${file}: ${one.why}`, async () => {
        const then = await play(one, make);
        if (process.env['UPDATE']) {
          seen.push(withOutcome(one, then));
          if (seen.length === cases.length)
            writeFileSync(
              path,
              seen.map((entry) => stringify(entry, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n'),
            );
        } else expect(comparable(then)).toEqual(comparable(one.then ?? {}));
      });
    }
  }
}

/** The case with what its turn did in place of what it said. */
function withOutcome(one: Case, outcome: Outcome): Map<string, unknown> {
  return new Map<string, unknown>(Object.entries(one)).set('then', outcome);
}

async function play<O extends KubeObject>(one: Case, make: MakeDefinition<O>): Promise<Outcome> {
  const { given, when, now = '2026-01-02T00:00:00Z', upSince = '1970-01-01T00:00:00Z' } = one;
  const clock = new VirtualClock(Date.parse(upSince));
  const world = await makeWorld(given.map(expand));
  const events: string[] = [];
  const engine = createEngine({
    client: world.client,
    informers: world.informers,
    clock,
    random: seededRandom(1),
    log: silentLog,
    recorder: () => ({ record: (_about, type, reason, message) => void events.push(`${type} ${reason} ${message}`) }),
  });
  await clock.advance(Date.parse(now) - clock.now());
  const definition = await make(clock, one);
  engine.controller(definition);
  await world.start();
  const end = await engine.turn(definition, when);
  expect(await world.lost()).toEqual([]);
  await world.end();
  return outcomeOf(
    world.writes,
    events,
    end.outcome === 'again' ? end.afterMs : end.outcome === 'failed' ? 'failed' : undefined,
  );
}

function outcomeOf(writes: readonly Write[], events: readonly string[], again: number | 'failed' | undefined): Outcome {
  const of = (verb: Write['verb']) => writes.filter((write) => write.verb === verb);
  const shown = (verb: 'create' | 'update') => of(verb).map(({ kind, body }) => shorten(kind, body as KubeObject));
  const [status] = of('updateStatus');
  return plain({
    ...some('creates', shown('create')),
    ...some('updates', shown('update')),
    ...some(
      'patches',
      of('patch').map(({ kind, key, body }) => ({ [`${wordOf(kind)} ${key}`]: withoutVersion(body) })),
    ),
    ...some(
      'deletes',
      of('delete').map(({ kind, key }) => `${wordOf(kind)} ${key}`),
    ),
    ...(status ? { status: shortStatus(status.body) } : {}),
    ...some('events', [...events]),
    ...(again === undefined ? {} : { again }),
  });
}

/** A patch that holds for one version only, whichever that is. */
function withoutVersion(body: unknown): unknown {
  if (!isRecord(body) || !isRecord(body['metadata']) || !('resourceVersion' in body['metadata'])) return body;
  return { ...body, metadata: { ...body['metadata'], resourceVersion: 'as it was read' } };
}

function some(field: string, entries: readonly unknown[]): Record<string, unknown> {
  return entries.length > 0 ? { [field]: entries } : {};
}

/** Without the fields that are undefined, as YAML has it. */
function plain(outcome: Record<string, unknown>): Outcome {
  return copy(outcome) as Outcome;
}
