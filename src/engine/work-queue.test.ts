import { describe, expect, test } from 'vitest';
import { calmOf, settle, VirtualClock } from '#base/mod.ts';
import type { TurnOutcome } from './work-queue.ts';
import { WorkQueue } from './work-queue.ts';

function stage(answer: (key: string) => TurnOutcome = () => ({ outcome: 'settled' }), concurrency = 2) {
  const clock = new VirtualClock(0);
  const turns: { key: string; at: number }[] = [];
  const open = new Map<string, () => void>();
  let atOnce = 0;
  let most = 0;
  const held = new Set<string>();
  const queue = new WorkQueue({
    clock,
    calm: calmOf(clock),
    concurrency,
    async turn(key) {
      turns.push({ key, at: clock.now() });
      most = Math.max(most, ++atOnce);
      if (held.has(key)) await new Promise<void>((resolve) => open.set(key, resolve));
      atOnce--;
      return answer(key);
    },
  });
  return { clock, queue, turns, held, letGo: (key: string) => open.get(key)?.(), most: () => most };
}

describe('a queue of keys', () => {
  test('takes a key once however often it is added', async () => {
    const { queue, turns } = stage();
    for (let i = 0; i < 5; i++) queue.add('a');
    await settle();
    expect(turns).toEqual([{ key: 'a', at: 0 }]);
  });

  test('gives a key another turn when it is added during its own, and never two at once', async () => {
    const { queue, turns, held, letGo } = stage();
    held.add('a');
    queue.add('a');
    await settle();
    queue.add('a');
    queue.add('a');
    await settle();
    expect(turns).toHaveLength(1);
    held.clear();
    letGo('a');
    await settle();
    expect(turns).toHaveLength(2);
  });

  test('a turn that lingers is followed by another', async () => {
    let turnsLeft = 2;
    const { clock, queue, turns } = stage(() =>
      --turnsLeft > 0 ? { outcome: 'lingers', ms: 5 } : { outcome: 'settled' },
    );
    queue.add('a');
    await clock.advance(1000);
    expect(turns.map(({ at }) => at)).toEqual([0, 5]);
  });

  test('whoever lingers has one turn for all that changes meanwhile', async () => {
    const { clock, queue, turns } = stage();
    for (let i = 0; i < 4; i++) {
      queue.linger('a', 5);
      await clock.advance(1);
    }
    await clock.advance(1000);
    expect(turns).toEqual([{ key: 'a', at: 5 }]);
  });

  test('a turn that comes before the linger is over serves what lingers, and not what changes during it', async () => {
    const { clock, queue, turns, held, letGo } = stage();
    queue.linger('a', 5);
    await clock.advance(1);
    held.add('a');
    queue.add('a');
    await clock.advance(1);
    queue.linger('a', 5);
    held.clear();
    letGo('a');
    await clock.advance(1000);
    expect(turns).toEqual([
      { key: 'a', at: 1 },
      { key: 'a', at: 7 },
    ]);
  });

  test('hurries those that wait for their time, once each', async () => {
    const { clock, queue, turns } = stage();
    queue.addAfter('a', 3_600_000);
    queue.addAfter('b', 5000);
    await clock.advance(1000);
    queue.hurry();
    await clock.advance(10_000_000);
    expect(turns).toEqual([
      { key: 'a', at: 1000 },
      { key: 'b', at: 1000 },
    ]);
  });

  test('runs no more keys at once than it may', async () => {
    const { queue, held, most } = stage(undefined, 3);
    for (let i = 0; i < 10; i++) {
      held.add(String(i));
      queue.add(String(i));
    }
    await settle();
    expect(most()).toBe(3);
    expect(queue.depth).toBe(7);
  });

  test('tries a failed key again after 5 ms, 10 ms, 20 ms, …, and forgets that once it succeeds', async () => {
    let failures = 3;
    const { clock, queue, turns } = stage(() => (failures-- > 0 ? { outcome: 'failed' } : { outcome: 'settled' }));
    queue.add('a');
    await clock.advance(1000);
    expect(turns.map(({ at }) => at)).toEqual([0, 5, 15, 35]);
    failures = 1;
    queue.add('a');
    await clock.advance(1000);
    expect(turns.map(({ at }) => at).slice(4)).toEqual([1000, 1005]);
  });

  test('waits no longer than 1000 s', async () => {
    const { clock, queue, turns } = stage(() => ({ outcome: 'failed' }));
    queue.add('a');
    await clock.advance(10_000_000);
    const last = turns.slice(-2).map(({ at }) => at);
    expect((last[1] ?? 0) - (last[0] ?? 0)).toBe(1_000_000);
  });

  test('after a hundred failures at once the others follow ten a second', async () => {
    const failed = new Set<string>();
    const { clock, queue, turns } = stage(
      (key) => (failed.has(key) ? { outcome: 'settled' } : (failed.add(key), { outcome: 'failed' })),
      1000,
    );
    for (let i = 0; i < 150; i++) queue.add(String(i));
    await clock.advance(100);
    expect(turns.length).toBeLessThan(260);
    await clock.advance(6000);
    expect(turns).toHaveLength(300);
  });

  test('looks again when asked, at the earliest of several times', async () => {
    const { clock, queue, turns } = stage();
    queue.addAfter('a', 100);
    queue.addAfter('a', 50);
    queue.addAfter('a', 80);
    await clock.advance(200);
    expect(turns).toEqual([{ key: 'a', at: 50 }]);
  });

  test('closes after the turns in hand', async () => {
    const { queue, held, letGo, turns } = stage();
    held.add('a');
    queue.add('a');
    await settle();
    let closed = false;
    const closing = queue.close().then(() => (closed = true));
    queue.add('b');
    await settle();
    expect(closed).toBe(false);
    letGo('a');
    await closing;
    expect(turns.map(({ key }) => key)).toEqual(['a']);
  });
});
