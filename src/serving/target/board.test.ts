// What the gateway has been told of targets, and what of that it has taken in.

import { beforeEach, expect, test } from 'vitest';
import { settle } from '#base/mod.ts';
import type { Target } from '#gateway/mod.ts';
import { silentGateway } from '../../../test/cases/silent-gateway.ts';
import { TargetBoard } from './board.ts';

const targetAt = (port: number): Target => ({
  namespace: 'default',
  name: 'a',
  concurrency: 0,
  timeoutMs: 1000,
  protocol: 'http1',
  endpoints: [{ id: 'a', host: '127.0.0.1', port, state: 'ready' }],
});

/** What the gateway holds once it has acknowledged. */
let held: Map<string, Target>;
/** Acknowledgements that the gateway owes, in the order they were asked for. */
let owed: { readonly key: string; acknowledge(): void; fail(): void }[];
let board: TargetBoard;

beforeEach(() => {
  held = new Map();
  owed = [];
  board = new TargetBoard({
    ...silentGateway,
    setTarget: (key, target) =>
      new Promise((resolve, reject) => {
        const acknowledge = () => {
          if (target) held.set(key, target);
          else held.delete(key);
          resolve();
        };
        owed.push({ key, acknowledge, fail: () => reject(new Error('the gateway is gone')) });
      }),
  });
});

/** The gateway acknowledges all that it is told, until nothing more comes. */
async function acknowledgeAll(): Promise<void> {
  await settle();
  for (let next = owed.shift(); next; next = owed.shift()) {
    next.acknowledge();
    await settle();
  }
}

test('a target is there once the gateway has acknowledged it, and is told once', async () => {
  const told: string[] = [];
  board.onNew((key) => told.push(key));
  const set = board.set('default/a', targetAt(1));
  await settle();
  expect([board.has('default/a'), owed.length]).toEqual([false, 1]);
  await acknowledgeAll();
  await set;
  await board.set('default/a', targetAt(1));
  expect([board.has('default/a'), owed.length, told]).toEqual([true, 0, ['default/a']]);
});

test('what is set anew while it is being removed is there in the end', async () => {
  const first = board.set('default/a', targetAt(1));
  await acknowledgeAll();
  await first;
  const said = [board.remove('default/a'), board.set('default/a', targetAt(1))];
  await acknowledgeAll();
  await Promise.all(said);
  expect([board.has('default/a'), held.has('default/a')]).toEqual([true, true]);
});

test('what is removed while it is being set is gone in the end', async () => {
  const said = [board.set('default/a', targetAt(1)), board.remove('default/a')];
  await acknowledgeAll();
  await Promise.all(said);
  expect([board.has('default/a'), held.has('default/a')]).toEqual([false, false]);
});

test('targets do not wait for each other, nor for what failed', async () => {
  const said = [board.set('default/a', targetAt(1)), board.set('default/b', targetAt(1))];
  const again = board.set('default/a', targetAt(2));
  const [first] = said;
  await settle();
  expect(owed.map(({ key }) => key)).toEqual(['default/a', 'default/b']);
  owed.shift()?.fail();
  await expect(first).rejects.toThrow('the gateway is gone');
  await acknowledgeAll();
  await again;
  expect(held.get('default/a')).toEqual(targetAt(2));
});
