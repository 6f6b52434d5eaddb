import { beforeEach, expect, test } from 'vitest';
import { seededRandom, VirtualClock } from '#base/mod.ts';
import { ScriptedDatabase } from '../../test/contracts/scripted-database.ts';
import { Note, Space, thingKinds } from '../../test/contracts/thing-kinds.ts';
import { Registry } from './registry.ts';
import { Scheme } from './scheme.ts';
import { Store } from './store.ts';

const by = { user: { name: 'ada', groups: [] } };
let registry: Registry;
let store: Store;

async function open(perResource: number): Promise<void> {
  const history = { total: perResource, perResource, totalLength: 2 ** 20 };
  store = await Store.open(new ScriptedDatabase(), { history });
  registry = new Registry({
    store,
    scheme: new Scheme(thingKinds),
    clock: new VirtualClock(),
    random: seededRandom(1),
  });
  for (const name of ['a', 'b']) await registry.create(Space, '', { metadata: { name } }, by);
}
beforeEach(() => open(1000));

const note = (namespace: string, name: string, labels = {}) =>
  registry.create(Note, namespace, { metadata: { name, labels }, data: { v: '1' } }, by);
const namesOf = (items: readonly { metadata: { namespace?: string | undefined; name: string } }[]) =>
  items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);

/** All pages of a list, with what happens between them. */
async function pages(limit: number, between: () => Promise<unknown>, labelSelector = ''): Promise<string[][]> {
  const all: string[][] = [];
  for (let continueAt: string | undefined = ''; continueAt !== undefined; ) {
    const found = registry.page(Note, { labelSelector }, { limit, continueAt });
    all.push(namesOf(found.items));
    expect(found.remaining).toBe(found.continueAt && !labelSelector ? 4 - all.flat().length : undefined);
    continueAt = found.continueAt;
    await between();
  }
  return all;
}

async function four(): Promise<void> {
  for (const [namespace, name] of [
    ['a', 'x'],
    ['a', 'y'],
    ['b', 'x'],
    ['b', 'z'],
  ] as const)
    await note(namespace, name, { even: name === 'x' ? 'yes' : 'no' });
}

test('pages are all of one moment, whatever happens meanwhile', async () => {
  await four();
  let turn = 0;
  const meanwhile = async () => {
    turn++;
    await note('a', `between-${turn}`);
    if (turn === 1) await registry.delete(Note, { namespace: 'b', name: 'x' }, by);
    else await registry.patch(Note, { namespace: 'a', name: 'y' }, 'merge', { data: { v: String(turn) } }, by);
  };
  expect(await pages(1, meanwhile)).toEqual([['a/x'], ['a/y'], ['b/x'], ['b/z']]);
  expect(namesOf(registry.list(Note).items)).toHaveLength(7);
});

test('what is selected is what fills a page', async () => {
  await four();
  expect(await pages(1, async () => {}, 'even=yes')).toEqual([['a/x'], ['b/x']]);
});

test('a list as it was', async () => {
  await four();
  const { resourceVersion } = registry.list(Note);
  await registry.patch(Note, { namespace: 'a', name: 'x' }, 'merge', { data: { v: '2' } }, by);
  await registry.delete(Note, { namespace: 'a', name: 'y' }, by);
  const before = registry.page(Note, { namespace: 'a' }, { at: Number(resourceVersion) });
  expect(before.items).toMatchObject([{ data: { v: '1' } }, { metadata: { name: 'y' } }]);
});

test('a page that is asked for too late is refused, and so is a token from elsewhere', async () => {
  await open(10);
  await four();
  const { continueAt } = registry.page(Note, {}, { limit: 1 });
  for (let i = 0; i < 40; i++) await note('a', `more-${i}`);
  expect(() => registry.page(Note, {}, { limit: 1, continueAt })).toThrow(
    expect.objectContaining({ code: 410, reason: 'Expired' }),
  );
  expect(() => registry.page(Note, {}, { continueAt: 'nonsense' })).toThrow(expect.objectContaining({ code: 400 }));
});
