import { beforeEach, describe, expect, test } from 'vitest';
import type { Calm } from '#base/mod.ts';
import { calmOf, seededRandom, settle, VirtualClock } from '#base/mod.ts';
import type { Configuration, CoreService, Revision } from '#kinds/mod.ts';
import {
  ConfigMap,
  Configuration as ConfigurationKind,
  CoreService as CoreServiceKind,
  Event,
  gcConfig,
  Revision as RevisionKind,
} from '#kinds/mod.ts';
import { conflict, findCondition, notFound } from '#machinery/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { FakeCluster } from '../../test/cases/fake-cluster.ts';
import { expand } from '../../test/cases/shorthand.ts';
import type { Shorthand } from '../../test/cases/shorthand.ts';
import type { ControllerDefinition, Turn } from './controller.ts';
import { defineController, runControllers, watch } from './controller.ts';
import type { Engine } from './engine.ts';
import { createEngine } from './engine.ts';

let clock: VirtualClock;
let cluster: FakeCluster;
let engine: Engine;

beforeEach(() => {
  clock = new VirtualClock(Date.parse('2026-01-02T00:00:00Z'));
  cluster = new FakeCluster();
  const { client, informers } = cluster;
  engine = createEngine({ client, informers, clock, random: seededRandom(1), log: silentLog });
});

function put(...shorthands: Shorthand[]): void {
  for (const shorthand of shorthands) {
    const { kind, object } = expand(shorthand);
    cluster.put(kind, object);
  }
}

function controller(
  reconcile: (turn: Turn<Configuration>) => Promise<void> | void,
  more: Partial<ControllerDefinition<Configuration>> = {},
) {
  return defineController({ name: 'test-controller', of: ConfigurationKind, ...more, reconcile });
}

async function turn(definition: ControllerDefinition<Configuration>) {
  const end = engine.turn(definition, 'default/hello');
  for (let i = 0; i < 20; i++) await clock.advance(10);
  return end;
}

const status = () => cluster.get(ConfigurationKind, 'default/hello')?.status;
const verbs = () => cluster.writes.map(({ verb, kind }) => `${verb} ${kind.kind}`);

describe('the status of a turn', () => {
  test('a generation that was not looked at before is marked so before the reconciler runs', async () => {
    put({ Configuration: { name: 'hello', generation: 2, observed: 1, Ready: 'True' } });
    const seen: unknown[] = [];
    await turn(controller(({ mark }) => void seen.push(mark.get('Ready')?.reason)));
    expect(seen).toEqual(['NewObservedGenFailure']);
  });

  test('a turn that throws still says which generation it looked at, and an Event tells why', async () => {
    put({ Configuration: { name: 'hello', generation: 2, observed: 1, Ready: 'True' } });
    const end = await turn(
      controller(() => {
        throw new Error('out of luck');
      }),
    );
    expect(end.outcome).toBe('failed');
    expect(status()).toMatchObject({
      observedGeneration: 2,
      conditions: [{ status: 'Unknown', reason: 'NewObservedGenFailure' }],
    });
    const [event] = cluster.informers.of(Event).list();
    expect(event).toMatchObject({
      type: 'Warning',
      reason: 'InternalError',
      message: 'out of luck',
      source: { component: 'test-controller' },
    });
  });

  test('nothing is written where nothing differs, and a condition that comes back keeps its time', async () => {
    put({ Configuration: { name: 'hello', Ready: 'True' } });
    await turn(controller(({ mark }) => (mark.unknown('Ready', 'X', 'y'), mark.true('Ready'))));
    expect(cluster.writes).toEqual([]);
  });

  test('a conflict is met by writing over what is there now, five times at most', async () => {
    put({ Configuration: { name: 'hello', Ready: 'True' } });
    let conflicts = 0;
    cluster.beforeWrite = ({ verb }) => {
      if (verb !== 'updateStatus' || conflicts >= 3) return;
      conflicts++;
      throw conflict({ group: '', plural: 'configurations' }, 'hello', 'stale');
    };
    await turn(controller(({ status }) => void (status.latestReadyRevisionName = 'x')));
    expect(status()?.latestReadyRevisionName).toBe('x');
  });

  test('a turn that is broken off by a conflict tells nothing of what it saw until then', async () => {
    put({ Configuration: { name: 'hello', generation: 2, observed: 1, Ready: 'Unknown' } });
    const broken = controller(({ mark }) => {
      mark.true('Ready');
      throw conflict({ group: '', plural: 'revisions' }, 'r', 'stale');
    });
    expect((await turn(broken)).outcome).toBe('failed');
    expect(cluster.writes).toEqual([]);
  });

  test('one that only looks on writes no status', async () => {
    put({ Configuration: { name: 'hello', generation: 2, observed: 1, Ready: 'True' } });
    await turn(controller(() => {}, { status: 'none' }));
    expect(cluster.writes).toEqual([]);
  });

  test('a turn that takes too long has failed, and writes nothing any more', async () => {
    put({ Configuration: { name: 'hello', Ready: 'True' } });
    let late: unknown;
    const definition = controller(async (now) => {
      await new Promise((resolve) => clock.after(60_000, () => resolve(undefined)));
      late = await Promise.resolve()
        .then(() => now.client)
        .catch((thrown: unknown) => thrown);
    });
    const end = engine.turn(definition, 'default/hello');
    await clock.advance(31_000);
    expect((await end).outcome).toBe('failed');
    await clock.advance(60_000);
    expect(late).toBeInstanceOf(Error);
  });
});

describe('children', () => {
  const revision = (spec: object, labels: Record<string, string> = {}): Revision =>
    ({
      apiVersion: RevisionKind.apiVersion,
      kind: 'Revision',
      metadata: { name: 'r', namespace: 'default', labels },
      spec,
    }) as Revision;

  beforeEach(() => put({ Configuration: { name: 'hello', Ready: 'True' } }));

  test('one that was just created is there for the rest of the turn, and the next', async () => {
    // A cache that never hears of anything.
    const deaf = {
      ...cluster.informers,
      of: ((kind) => ({
        ...cluster.informers.of(kind),
        get: (namespace, name) =>
          kind.kind === 'Revision' ? undefined : cluster.informers.of(kind).get(namespace, name),
        ownedBy: () => [],
        onChange: () => () => {},
      })) as typeof cluster.informers.of,
    };
    engine = createEngine({ client: cluster.client, informers: deaf, clock, random: seededRandom(1), log: silentLog });
    const seen: (string | undefined)[] = [];
    const definition = controller(async (now) => {
      await now.claim(RevisionKind, revision({ containers: [] }));
      seen.push(now.get(RevisionKind, 'default', 'r')?.metadata.name, now.owned(RevisionKind)[0]?.metadata.name);
    });
    await turn(definition);
    await turn(definition);
    expect(seen).toEqual(['r', 'r', 'r', 'r']);
    expect(verbs()).toEqual(['create Revision']);
  });

  test('one that the cache does not show yet is found by the API', async () => {
    put({ Revision: { name: 'r', owner: 'Configuration/hello' } });
    const blind = {
      ...cluster.informers,
      of: ((kind) => ({
        ...cluster.informers.of(kind),
        get: (namespace, name) =>
          kind.kind === 'Revision' ? undefined : cluster.informers.of(kind).get(namespace, name),
      })) as typeof cluster.informers.of,
    };
    engine = createEngine({ client: cluster.client, informers: blind, clock, random: seededRandom(1), log: silentLog });
    const outcomes: string[] = [];
    await turn(controller(async (now) => void outcomes.push((await now.claim(RevisionKind, revision({}))).outcome)));
    expect(outcomes).toEqual(['found']);
  });

  test("somebody else's is taken", async () => {
    put({ Revision: { name: 'r', owner: 'Configuration/other' } });
    const outcomes: string[] = [];
    await turn(
      controller(
        async (now) => void outcomes.push((await now.apply(RevisionKind, revision({ containers: [] }))).outcome),
      ),
    );
    expect(outcomes).toEqual(['taken']);
    expect(cluster.writes).toEqual([]);
  });

  test('what the API fills in is not written over again and again', async () => {
    const filled = {
      ...cluster.client,
      create: ((kind, object) =>
        cluster.client.create(kind, {
          ...object,
          metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, filled: 'in' } },
          spec: { ...(object as unknown as Revision).spec, timeoutSeconds: 300 },
        })) as typeof cluster.client.create,
    };
    engine = createEngine({
      client: filled,
      informers: cluster.informers,
      clock,
      random: seededRandom(1),
      log: silentLog,
    });
    const definition = controller(async (now) => void (await now.apply(RevisionKind, revision({ containers: [] }))));
    await turn(definition);
    await turn(definition);
    expect(verbs()).toEqual(['create Revision']);
    const there = cluster.get(RevisionKind, 'default/r') as Revision;
    cluster.put(RevisionKind, { ...there, metadata: { ...there.metadata, annotations: { filled: 'by hand' } } });
    await turn(definition);
    expect(verbs()).toEqual(['create Revision', 'update Revision']);
  });

  test('labels are replaced as a whole, or merged where others have theirs', async () => {
    put({ Revision: { name: 'r', owner: 'Configuration/hello', labels: { old: '1' } } });
    await turn(
      controller(async (now) => void (await now.apply(RevisionKind, revision({}, { a: 'b' }), { metadata: 'merge' }))),
    );
    expect(cluster.get(RevisionKind, 'default/r')?.metadata.labels).toEqual({ old: '1', a: 'b' });
    await turn(controller(async (now) => void (await now.apply(RevisionKind, revision({}, { a: 'b' })))));
    expect(cluster.get(RevisionKind, 'default/r')?.metadata.labels).toEqual({ a: 'b' });
  });

  test('those that are not to be kept are pruned, and nobody else’s', async () => {
    put(
      { CoreService: { name: 'keep', owner: 'Configuration/hello' } },
      { CoreService: { name: 'go', owner: 'Configuration/hello' } },
      { CoreService: { name: 'other' } },
    );
    await turn(controller((now) => now.prune<CoreService>(CoreServiceKind, ['keep'])));
    expect(cluster.writes.map(({ verb, key }) => `${verb} ${key}`)).toEqual(['delete default/go']);
  });
});

describe('a finalizer', () => {
  test('is put on before the first turn, and taken off when all is undone', async () => {
    put({ Configuration: { name: 'hello', Ready: 'True' } });
    const done: string[] = [];
    const definition = controller(() => void done.push('reconcile'), {
      finalizer: 'x/y',
      finalize: () => void done.push('finalize'),
    });
    await turn(definition);
    expect(cluster.get(ConfigurationKind, 'default/hello')?.metadata.finalizers).toEqual(['x/y']);
    const there = cluster.get(ConfigurationKind, 'default/hello') as Configuration;
    cluster.put(ConfigurationKind, {
      ...there,
      metadata: { ...there.metadata, deletionTimestamp: '2026-01-02T00:00:00Z' },
    });
    await turn(definition);
    expect(cluster.get(ConfigurationKind, 'default/hello')).toBeUndefined();
    expect(done).toEqual(['reconcile', 'finalize']);
  });

  test('stays while undoing fails', async () => {
    put({ Configuration: { name: 'hello', finalizers: ['x/y'], deletionTimestamp: '2026-01-02T00:00:00Z' } });
    const definition = controller(() => {}, {
      finalizer: 'x/y',
      finalize() {
        throw new Error('not yet');
      },
    });
    expect((await turn(definition)).outcome).toBe('failed');
    expect(cluster.get(ConfigurationKind, 'default/hello')?.metadata.finalizers).toEqual(['x/y']);
  });
});

describe('a running controller', () => {
  test('looks at what is there, at changes of children and of what it watches, and at all when a config map changes', async () => {
    put({ Configuration: { name: 'hello', Ready: 'True' } }, { Configuration: { name: 'other', Ready: 'True' } });
    const turns: string[] = [];
    const forgotten: string[] = [];
    const definition = controller(
      (now) => void turns.push(`${now.key} ${now.config(gcConfig).minNonActiveRevisions}`),
      {
        owns: [RevisionKind],
        watches: [watch(CoreServiceKind, ({ metadata }) => [`default/${metadata.labels?.['for'] ?? 'none'}`])],
        configs: [gcConfig],
        forget: (key) => void forgotten.push(key),
      },
    );
    const stop = new AbortController();
    const running = runControllers([engine.controller(definition)], { signal: stop.signal });
    const news = async () => {
      for (let i = 0; i < 10; i++) await settle();
      return turns.splice(0);
    };
    expect(await news()).toEqual(['default/hello 20', 'default/other 20']);
    put({ Revision: { name: 'r', owner: 'Configuration/hello' } });
    expect(await news()).toEqual(['default/hello 20']);
    put({ CoreService: { name: 's', labels: { for: 'other' } } });
    expect(await news()).toEqual(['default/other 20']);
    put({ ConfigMap: { name: 'config-gc', namespace: 'knative-serving', data: { 'min-non-active-revisions': '7' } } });
    expect(await news()).toEqual(['default/hello 7', 'default/other 7']);
    put({
      ConfigMap: { name: 'config-gc', namespace: 'knative-serving', data: { 'min-non-active-revisions': 'many' } },
    });
    expect(await news()).toEqual([]);
    expect(engine.config.get(gcConfig).minNonActiveRevisions).toBe(7);
    cluster.remove(ConfigurationKind, 'default/other');
    expect(await news()).toEqual([]);
    expect(forgotten).toEqual(['default/other']);
    cluster.remove(ConfigMap, 'knative-serving/config-gc');
    expect(await news()).toEqual(['default/hello 20']);

    stop.abort();
    await running;
    put({ Configuration: { name: 'hello', generation: 3 } });
    expect(await news()).toEqual([]);
  });
});

describe('while a crowd of programs starts', () => {
  let calm: Calm;
  let areUp: (() => void)[];

  beforeEach(() => {
    calm = calmOf(clock, 0);
    areUp = [calm.starts()];
    const { client, informers } = cluster;
    engine = createEngine({ client, informers, clock, calm, random: seededRandom(1), log: silentLog });
    put({ Configuration: { name: 'hello', generation: 2, observed: 1, Ready: 'True' } });
  });

  const givesWay = () => controller(() => {}, { statusGivesWay: true });
  const writes = () => cluster.writes.map(({ verb, key }) => `${verb} ${key}`);

  test('a status that gives way is told once there is none any more', async () => {
    const definition = givesWay();
    expect(await turn(definition)).toEqual({ outcome: 'lingers', ms: 5 });
    expect(writes()).toEqual([]);
    for (const isUp of areUp) isUp();
    expect((await turn(definition)).outcome).toBe('settled');
    expect(status()?.observedGeneration).toBe(2);
  });

  test('it is told within ten seconds, though crowd follows upon crowd', async () => {
    const definition = givesWay();
    const outcomes: string[] = [];
    for (let crowd = 0; crowd < 4; crowd++) {
      outcomes.push((await turn(definition)).outcome);
      for (const isUp of areUp) isUp();
      areUp = [calm.starts()];
      await clock.advance(4000);
    }
    expect(outcomes).toEqual(['lingers', 'lingers', 'lingers', 'settled']);
    expect(status()?.observedGeneration).toBe(2);
  });

  test('any other status, and what went wrong, is told at once', async () => {
    await turn(controller(() => {}));
    expect(writes()).toEqual(['updateStatus default/hello']);
    const broken = controller(
      () => {
        throw new Error('out of luck');
      },
      { statusGivesWay: true },
    );
    put({ Configuration: { name: 'hello', generation: 3, observed: 2, Ready: 'True' } });
    expect((await turn(broken)).outcome).toBe('failed');
    expect(status()?.observedGeneration).toBe(3);
  });

  test('Events wait, with the time at which they were said', async () => {
    const said = clock.now();
    await turn(controller((now) => now.event('Normal', 'Seen', 'once')));
    expect(cluster.informers.of(Event).list()).toEqual([]);
    for (const isUp of areUp) isUp();
    await clock.advance(100);
    const [event] = cluster.informers.of(Event).list();
    expect(Date.parse(event?.lastTimestamp ?? '')).toBe(said);
  });
});

test('an Event that repeats is counted up', async () => {
  put({ Configuration: { name: 'hello', Ready: 'True' } });
  const definition = controller((now) => now.event('Normal', 'Seen', 'again'));
  for (let i = 0; i < 3; i++) await turn(definition);
  const events = cluster.informers.of(Event).list();
  expect(events.map(({ reason, count }) => [reason, count])).toEqual([['Seen', 3]]);
  expect(findCondition(status(), 'Ready')?.status).toBe('True');
});

test('an object that went while it had its turn is no failure to be warned of; another one that is missing is', async () => {
  const warned: string[] = [];
  const log = { ...silentLog, warn: (message: string) => void warned.push(message) };
  const { client, informers } = cluster;
  engine = createEngine({ client, informers, clock, random: seededRandom(1), log });
  put({ Configuration: { name: 'hello', Ready: 'True' } });
  const missing = (plural: string, name: string) =>
    controller(() => {
      throw notFound({ group: 'serving.knative.dev', plural }, name);
    });
  await turn(missing('configurations', 'hello'));
  expect(warned).toEqual([]);
  await turn(missing('revisions', 'hello'));
  await turn(missing('configurations', 'other'));
  expect(warned).toEqual(['a turn failed', 'a turn failed']);
});
