import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ApiError, KubeObject } from '#machinery/mod.ts';
import { DiskFullError, keptInMemory, memoryDatabase } from '#storage/mod.ts';
import { ScriptedDatabase } from '../../test/contracts/scripted-database.ts';
import type { StoreChange } from './history.ts';
import { Store } from './store.ts';
import type { StoreOutcome, StoreWrite } from './store.ts';
import { watch, watchEvents } from './watch.ts';
import type { StoreEvent } from './watch.ts';

const RESOURCE = 'things';

function thing(name: string, labels: Record<string, string> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'Thing', metadata: { name, namespace: 'a', labels } };
}

function creation(name: string, labels?: Record<string, string>): StoreWrite {
  return { resource: RESOURCE, namespace: 'a', name, object: thing(name, labels), expect: 'absent' };
}

function change(store: Store, name: string, labels: Record<string, string>): StoreWrite {
  const resourceVersion = store.newest(RESOURCE, 'a', name)?.metadata.resourceVersion ?? '';
  return { resource: RESOURCE, namespace: 'a', name, object: thing(name, labels), expect: { resourceVersion } };
}

function removal(store: Store, name: string): StoreWrite {
  const resourceVersion = store.newest(RESOURCE, 'a', name)?.metadata.resourceVersion ?? '';
  return { resource: RESOURCE, namespace: 'a', name, expect: { resourceVersion } };
}

function written(outcome: StoreOutcome): KubeObject {
  if (outcome.kind !== 'written') throw new Error(outcome.kind);
  return outcome.object;
}

const rvOf = (object: KubeObject | undefined) => object?.metadata.resourceVersion;

test('a write becomes visible only when it is on disk', async () => {
  const database = new ScriptedDatabase();
  const store = await Store.open(database);
  const gate = Promise.withResolvers<void>();
  database.onCommit = () => gate.promise;
  const writing = store.write(creation('x'));
  await Promise.resolve();
  expect(store.get(RESOURCE, 'a', 'x')).toBeUndefined();
  gate.resolve();
  const object = written(await writing);
  expect(store.get(RESOURCE, 'a', 'x')).toBe(object);
  expect(store.listRevision).toBe(rvOf(object));
  expect(Object.isFrozen(object.metadata.labels)).toBe(true);
});

test('a write that may be lost is visible at once, but never before earlier ones', async () => {
  const database = new ScriptedDatabase();
  const store = await Store.open(database);
  written(await store.write(creation('x')));
  const lone = store.write(change(store, 'x', { n: '1' }), { lossy: true });
  expect(store.get(RESOURCE, 'a', 'x')?.metadata.labels).toEqual({ n: '1' });
  await lone;

  const gate = Promise.withResolvers<void>();
  database.onCommit = () => gate.promise;
  const first = store.write(creation('y'));
  const second = store.write(change(store, 'x', { n: '2' }), { lossy: true });
  await Promise.resolve();
  expect(store.get(RESOURCE, 'a', 'x')?.metadata.labels).toEqual({ n: '1' });
  gate.resolve();
  await Promise.all([first, second]);
  expect(store.get(RESOURCE, 'a', 'x')?.metadata.labels).toEqual({ n: '2' });
});

test('writes are decided on the newest state, on disk or not', async () => {
  const store = await Store.open(new ScriptedDatabase());
  const first = store.write(creation('x'));
  const second = store.write(creation('x'));
  const stale = store.write({ ...creation('x'), expect: { resourceVersion: '999' } });
  const missing = store.write({ ...creation('y'), expect: { resourceVersion: '1' } });
  expect((await first).kind).toBe('written');
  expect((await second).kind).toBe('alreadyExists');
  expect((await stale).kind).toBe('conflict');
  expect((await missing).kind).toBe('notFound');
});

test('writes that come while the disk works share the next transaction', async () => {
  const database = new ScriptedDatabase();
  const store = await Store.open(database);
  await store.write(creation('first'));
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => store.write(creation(name))));
  expect(database.commits).toEqual([1, 1, 3]);
});

test('what the disk refuses is 507 and changes nothing, nor does what was decided on it', async () => {
  const database = new ScriptedDatabase();
  const store = await Store.open(database);
  written(await store.write(creation('x', { n: '0' })));
  const revision = store.listRevision;
  const gate = Promise.withResolvers<void>();
  database.onCommit = async () => {
    await gate.promise;
    throw new DiskFullError('database or disk is full');
  };
  const failing = store.write(change(store, 'x', { n: '1' }));
  const onIt = store.write(change(store, 'x', { n: '2' }));
  gate.resolve();
  await expect(failing).rejects.toMatchObject({ code: 507 });
  await expect(onIt).rejects.toMatchObject({ code: 507 });
  expect(store.get(RESOURCE, 'a', 'x')?.metadata.labels).toEqual({ n: '0' });
  expect(store.newest(RESOURCE, 'a', 'x')?.metadata.labels).toEqual({ n: '0' });
  expect(store.listRevision).toBe(revision);
  database.onCommit = () => undefined;
  expect(written(await store.write(change(store, 'x', { n: '3' }))).metadata.labels).toEqual({ n: '3' });
});

test('a large write that does not fit does not take its neighbours with it', async () => {
  const database = new ScriptedDatabase();
  const store = await Store.open(database);
  database.onCommit = (mutations) => {
    if (mutations.some((mutation) => 'put' in mutation && mutation.put.name === 'large'))
      throw new DiskFullError('disk is full');
  };
  const outcomes = await Promise.allSettled(['a', 'b', 'large', 'c'].map((name) => store.write(creation(name))));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  expect(store.list(RESOURCE).map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c']);
});

test('a refusal because of a write that then fails is asked again', async () => {
  const database = new ScriptedDatabase();
  const store = await Store.open(database);
  let failures = 1;
  database.onCommit = () => {
    if (failures-- > 0) throw new Error('input/output error');
  };
  const first = store.write(creation('x'));
  const second = store.write(creation('x'));
  await expect(first).rejects.toMatchObject({ code: 500 });
  expect((await second).kind).toBe('written');
});

test('more writes than may wait are refused with 429', async () => {
  const database = new ScriptedDatabase();
  const store = await Store.open(database, { maxWaiting: 2 });
  const gate = Promise.withResolvers<void>();
  database.onCommit = () => gate.promise;
  const outcomes = ['a', 'b', 'c', 'd'].map((name) => store.write(creation(name)));
  const settled = Promise.allSettled(outcomes);
  gate.resolve();
  const rejected = (await settled).filter((outcome) => outcome.status === 'rejected');
  expect(rejected.map(({ reason }) => (reason as ApiError).code)).toEqual([429]);
});

test('after a clean stop watches go on; after a crash every older one is told 410', async () => {
  const stored = {
    resource: RESOURCE,
    namespace: 'a',
    name: 'x',
    revision: 7,
    body: JSON.stringify({ ...thing('x'), metadata: { ...thing('x').metadata, resourceVersion: '7' } }),
  };
  const clean = await Store.open(new ScriptedDatabase({ initial: [stored], firstRevision: 8, cleanStart: true }));
  expect(clean.listRevision).toBe('7');
  expect(clean.since(RESOURCE, 7)).toEqual([]);
  expect(() => clean.since(RESOURCE, 6)).toThrow('too old resource version: 6 (7)');

  const crashed = await Store.open(
    new ScriptedDatabase({ initial: [stored], firstRevision: 10_001, cleanStart: false }),
  );
  expect(() => crashed.since(RESOURCE, 10_000)).toThrow(expect.objectContaining({ code: 410, reason: 'Expired' }));
  const object = written(await crashed.write(change(crashed, 'x', { n: '1' })));
  expect(Number(rvOf(object))).toBeGreaterThan(10_001);
});

test('a revision of the future is refused with 504', async () => {
  const store = await Store.open(new ScriptedDatabase());
  expect(() => store.since(RESOURCE, 99)).toThrow(expect.objectContaining({ code: 504 }));
  expect(() => store.revisionOf('99')).toThrow('Too large resource version: 99, current: 1');
  expect(() => store.revisionOf('x')).toThrow(expect.objectContaining({ code: 400 }));
});

test('no number is given out before its block is reserved', async () => {
  const database = new ScriptedDatabase();
  const store = await Store.open(database);
  let highest = 0;
  store.onChange(RESOURCE, ({ revision }) => {
    expect(revision).toBeLessThanOrEqual(database.reservedThrough);
    highest = revision;
  });
  await Promise.all(Array.from({ length: 12_000 }, (_, i) => store.write(creation(`x${i}`), { lossy: true })));
  expect(highest).toBeGreaterThan(12_000);
});

test('leaving a selection is DELETED, entering it ADDED', async () => {
  const store = await Store.open(new ScriptedDatabase());
  const events: string[] = [];
  const matches = (object: KubeObject) => object.metadata.labels?.on === 'yes';
  watch(store, RESOURCE, 1, { namespace: 'a', matches }, ({ type, object }) =>
    events.push(`${type} ${object.metadata.labels?.on}`),
  );
  await store.write(creation('x', { on: 'no' }));
  await store.write(change(store, 'x', { on: 'yes' }));
  await store.write(change(store, 'x', { on: 'yes', other: '1' }));
  await store.write(change(store, 'x', { on: 'no' }));
  await store.write(removal(store, 'x'));
  expect(events).toEqual(['ADDED yes', 'MODIFIED yes', 'DELETED yes']);
});

test('DELETED carries the last state with the revision of its end', async () => {
  const store = await Store.open(new ScriptedDatabase());
  const events: StoreEvent[] = [];
  await store.write(creation('x', { n: '1' }));
  watch(store, RESOURCE, Number(store.listRevision), {}, (event) => events.push(event));
  const gone = written(await store.write(removal(store, 'x')));
  expect(events).toEqual([{ type: 'DELETED', object: gone, revision: Number(store.listRevision) }]);
  expect(gone.metadata).toMatchObject({ labels: { n: '1' }, resourceVersion: store.listRevision });
});

test('the window is bounded: a quiet resource keeps its share, a busy one is cut', async () => {
  const store = await Store.open(new ScriptedDatabase(), {
    history: { total: 100, perResource: 10, totalLength: 1e9 },
  });
  await store.write({ ...creation('quiet'), resource: 'quiet' });
  await store.write(creation('x'));
  for (let i = 0; i < 300; i++) await store.write(change(store, 'x', { n: String(i) }), { lossy: true });
  expect(store.since('quiet', 1)).toHaveLength(1);
  expect(() => store.since(RESOURCE, 1)).toThrow('too old resource version');
  expect(store.since(RESOURCE, Number(store.listRevision) - 5)).toHaveLength(5);
});

test('a reader that falls behind gets what was waiting and then the end', async () => {
  const store = await Store.open(new ScriptedDatabase());
  const signal = new AbortController().signal;
  const events = watchEvents(store, { resource: RESOURCE, from: '1', bound: 3, signal });
  for (const name of ['a', 'b', 'c', 'd', 'e']) await store.write(creation(name));
  const seen: string[] = [];
  for await (const event of events) if (event.type !== 'BOOKMARK') seen.push(event.object.metadata.name);
  expect(seen).toEqual(['a', 'b', 'c']);
});

test('a watch-list tells what stands, marks its end, and goes on', async () => {
  const store = await Store.open(new ScriptedDatabase());
  await store.write(creation('x'));
  const abort = new AbortController();
  const events = watchEvents(store, { resource: RESOURCE, from: '', sendInitialEvents: true, signal: abort.signal });
  await store.write(creation('y'));
  const seen: string[] = [];
  for await (const event of events) {
    seen.push(
      event.type === 'BOOKMARK' ? `BOOKMARK ${event.initialEventsEnd}` : `${event.type} ${event.object.metadata.name}`,
    );
    if (seen.length === 3) abort.abort();
  }
  expect(seen).toEqual(['ADDED x', 'BOOKMARK true', 'ADDED y']);
});

test('what was written is there after a restart, and no number comes again', async () => {
  const kept = keptInMemory();
  const database = memoryDatabase(kept);
  const first = await Store.open(database);
  written(await first.write(creation('x', { n: '1' })));
  written(await first.write(creation('y')));
  written(await first.write(removal(first, 'y')));
  written(await first.write(change(first, 'x', { n: '2' })));
  await first.close();
  await database.close();
  const second = await Store.open(memoryDatabase(kept));
  expect(second.list(RESOURCE)).toEqual(first.list(RESOURCE));
  expect(() => second.since(RESOURCE, Number(first.listRevision))).toThrow('too old resource version');
  const object = written(await second.write(creation('y')));
  expect(Number(rvOf(object))).toBeGreaterThan(Number(first.listRevision));
});

test('a database that was closed under the store is a server that stops', async () => {
  const database = memoryDatabase();
  const store = await Store.open(database);
  await database.close();
  await expect(store.write(creation('x'))).rejects.toMatchObject({ code: 503 });
});

test('close waits for what is under way and refuses what comes after', async () => {
  const store = await Store.open(new ScriptedDatabase());
  const writing = store.write(creation('x'));
  await store.close();
  expect((await writing).kind).toBe('written');
  await expect(store.write(creation('y'))).rejects.toMatchObject({ code: 503 });
});

type Step = {
  readonly do: 'create' | 'change' | 'remove' | 'stale' | 'breathe';
  readonly name: string;
  readonly lossy: boolean;
};
const step = fc.record({
  do: fc.constantFrom<Step['do']>('create', 'change', 'remove', 'stale', 'breathe'),
  name: fc.constantFrom('a', 'b', 'c'),
  lossy: fc.boolean(),
});

function asWrite(store: Store, { do: what, name }: Step, n: number): StoreWrite {
  if (what === 'create') return creation(name, { n: String(n) });
  if (what === 'remove') return removal(store, name);
  if (what === 'stale') return { ...change(store, name, { n: String(n) }), expect: { resourceVersion: '0' } };
  return change(store, name, { n: String(n) });
}

/** What a plain map says of the same history. */
function replay(changes: readonly StoreChange[]): Map<string, KubeObject> {
  const model = new Map<string, KubeObject>();
  for (const { name, before, after } of changes) {
    expect(model.get(name)).toEqual(before);
    if (after) model.set(name, after);
    else model.delete(name);
  }
  return model;
}

test('any run of writes agrees with a plain map: readers, watchers, history and disk', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.array(fc.integer({ min: 0, max: 20 })),
      async (steps, failures) => {
        const database = new ScriptedDatabase();
        let commits = 0;
        database.onCommit = async () => {
          await Promise.resolve();
          if (failures.includes(commits++)) throw new DiskFullError('disk is full');
        };
        const store = await Store.open(database);
        const live: StoreChange[] = [];
        store.onChange(RESOURCE, (each) => live.push(each));
        const running: Promise<unknown>[] = [];
        for (const [n, each] of steps.entries()) {
          if (each.do === 'breathe') await new Promise((resolve) => setImmediate(resolve));
          else
            running.push(store.write(asWrite(store, each, n), { lossy: each.lossy }).catch((error: unknown) => error));
        }
        await Promise.all(running);
        const revisions = live.map(({ revision }) => revision);
        expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
        expect(store.since(RESOURCE, 1)).toEqual(live);
        const model = replay(live);
        expect(store.list(RESOURCE)).toEqual([...model.keys()].sort().map((name) => model.get(name)));
        const disk = database.stored().map(({ name, body }) => [name, JSON.parse(body) as unknown] as const);
        expect(new Map(disk)).toEqual(model);
        for (const name of ['a', 'b', 'c'])
          expect(store.newest(RESOURCE, 'a', name)).toBe(store.get(RESOURCE, 'a', name));
      },
    ),
    { numRuns: 200 },
  );
});
