import { expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import { tidyHeap } from './tidy-heap.ts';

const MEGABYTE = 2 ** 20;
const MINUTE = 60_000;

function running({ total = 40, used = 20 } = {}) {
  const clock = new VirtualClock(0);
  const heap = { total, used, cpu: 0, collected: 0, after: 25 };
  const stop = tidyHeap(clock, {
    cpuMs: () => heap.cpu,
    size: () => ({ totalBytes: heap.total * MEGABYTE, usedBytes: heap.used * MEGABYTE }),
    collect() {
      heap.collected++;
      heap.total = heap.after;
    },
  });
  return { clock, heap, stop };
}

test('a process at rest collects once, and again when it has grown', async () => {
  const { clock, heap } = running();
  await clock.advance(MINUTE);
  expect(heap.collected).toBe(1);
  heap.total = 32;
  await clock.advance(MINUTE);
  expect(heap.collected).toBe(1);
  heap.total = 34;
  await clock.advance(MINUTE);
  expect(heap.collected).toBe(2);
});

test('one that works is left alone until it rests', async () => {
  const { clock, heap } = running();
  for (let second = 0; second < 60; second++) {
    heap.cpu += 50;
    await clock.advance(1000);
  }
  expect(heap.collected).toBe(0);
  await clock.advance(MINUTE);
  expect(heap.collected).toBe(1);
});

test('a large heap is left to V8', async () => {
  const { clock, heap } = running({ total: 120, used: 100 });
  await clock.advance(10 * MINUTE);
  expect(heap.collected).toBe(0);
});

test('after the stop nothing happens', async () => {
  const { clock, heap, stop } = running();
  stop();
  await clock.advance(MINUTE);
  expect(heap.collected).toBe(0);
});
