// What every home of the object database owes the store.

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { DatabaseClosedError } from '#storage/mod.ts';
import type { Mutation, ObjectDatabase } from '#storage/mod.ts';

const put = (name: string, revision: number, body = '{}', resource = 'pods'): Mutation => ({
  put: { resource, namespace: 'default', name, revision, body },
});
const remove = (name: string, revision: number, resource = 'pods'): Mutation => ({
  remove: { resource, namespace: 'default', name, revision },
});

/** `open` gives a database over what an earlier one of the same place left; `place` begins a place with nothing in it. */
export function objectDatabaseContract(place: () => { open(): Promise<ObjectDatabase> }): void {
  test('a new database is empty, clean, and counts from one', async () => {
    const database = await place().open();
    expect([database.initial, database.firstRevision, database.cleanStart]).toEqual([[], 1, true]);
    await database.close();
  });

  test('what was committed is there after a reopening, in the order of revisions', async () => {
    const here = place();
    const first = await here.open();
    await first.commit([put('b', 1), put('a', 2)]);
    await first.commit([put('b', 3, '{"x":1}'), put('c', 4)]);
    await first.commit([remove('c', 5)]);
    await first.close();
    const second = await here.open();
    expect(second.initial.map(({ name, revision, body }) => [name, revision, body])).toEqual([
      ['a', 2, '{}'],
      ['b', 3, '{"x":1}'],
    ]);
    expect(second.firstRevision).toBeGreaterThan(3);
    expect(second.cleanStart).toBe(true);
    second.forgetInitial();
    expect(second.initial).toEqual([]);
    await second.close();
  });

  test('lazy commits keep their place among the others', async () => {
    const here = place();
    const first = await here.open();
    first.commitLazily([put('a', 1)]);
    await first.commit([put('a', 2, '{"later":true}')]);
    first.commitLazily([put('b', 3)]);
    await first.close();
    const second = await here.open();
    expect(second.initial.map(({ name, body }) => [name, body])).toEqual([
      ['a', '{"later":true}'],
      ['b', '{}'],
    ]);
    await second.close();
  });

  test('what was reserved is not given out by a later run, nor does a smaller reservation take any back', async () => {
    const here = place();
    const first = await here.open();
    await first.reserve(5000);
    await first.reserve(100);
    await first.commit([put('a', 7)]);
    await first.close();
    const second = await here.open();
    expect(second.firstRevision).toBe(5001);
    await second.close();
  });

  test('after the close every write is refused, and a second close does nothing', async () => {
    const database = await place().open();
    await database.close();
    await expect(database.commit([put('a', 1)])).rejects.toThrow(DatabaseClosedError);
    await expect(database.reserve(10)).rejects.toThrow(DatabaseClosedError);
    database.commitLazily([put('a', 1)]);
    await database.close();
  });

  test('whatever is written, a reopening finds what a plain map would hold', async () => {
    const step = fc.record({
      lazily: fc.boolean(),
      changes: fc.array(
        fc.record({
          resource: fc.constantFrom('pods', 'apps/deployments'),
          name: fc.constantFrom('a', 'b', 'ü', ''),
          body: fc.option(fc.json(), { nil: undefined }),
        }),
        { minLength: 1, maxLength: 5 },
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const here = place();
        const database = await here.open();
        const model = new Map<string, { body: string; revision: number }>();
        let revision = 0;
        for (const { lazily, changes } of steps) {
          const mutations = changes.map(({ resource, name, body }) => {
            revision++;
            if (body === undefined) model.delete(`${resource}/${name}`);
            else model.set(`${resource}/${name}`, { body, revision });
            return body === undefined ? remove(name, revision, resource) : put(name, revision, body, resource);
          });
          if (lazily) database.commitLazily(mutations);
          else void database.commit(mutations);
        }
        await database.close();
        const again = await here.open();
        const found = again.initial.map(({ resource, name, body, revision: at }) => [`${resource}/${name}`, body, at]);
        const expected = [...model].map(([key, { body, revision: at }]) => [key, body, at]);
        expect(found).toEqual(expected.sort((a, b) => Number(a[2]) - Number(b[2])));
        await again.close();
      }),
      { numRuns: 6, seed: 7 },
    );
  });
}
