// What controllers' queues and turns show at a reading.

import { expect, test } from 'vitest';
import { calmOf, settle, VirtualClock } from '#base/mod.ts';
import { createMetrics } from '#telemetry/mod.ts';
import { engineMeter } from './meter.ts';
import type { TurnOutcome } from './work-queue.ts';
import { WorkQueue } from './work-queue.ts';

test('a queue shows what waits, what runs and since when, what failed and how long all took', async () => {
  const clock = new VirtualClock();
  const metrics = createMetrics();
  const meter = engineMeter(metrics, clock);
  let end: (outcome: TurnOutcome['outcome']) => void = () => {};
  const queue = new WorkQueue({
    clock,
    calm: calmOf(clock),
    concurrency: 1,
    turn: () => new Promise((resolve) => (end = (outcome) => resolve({ outcome } as TurnOutcome))),
    watch: meter.queue('route'),
  });
  const stop = meter.show('route', queue);
  const read = () =>
    Object.fromEntries(metrics.families().map(({ name, samples }) => [name, samples[0]?.count ?? samples[0]?.value]));

  queue.add('a');
  queue.add('b');
  queue.add('b');
  await settle();
  await clock.advance(2000);
  expect(read()).toMatchObject({
    'kn.workqueue.adds': 2,
    'kn.workqueue.depth': 1,
    'kn.workqueue.queue.duration': 1,
    'kn.workqueue.unfinished_work': 2,
    'kn.workqueue.longest_running_processor': 2,
  });
  end('failed');
  await settle();
  expect(read()).toMatchObject({
    'kn.workqueue.depth': 0,
    'kn.workqueue.retries': 1,
    'kn.workqueue.process.duration': 1,
    'kn.workqueue.queue.duration': 2,
    'kn.workqueue.unfinished_work': 0,
  });
  stop();
  meter.turn('route', 'settled', 20);
  expect(metrics.families()[0]).toMatchObject({
    name: 'ebb.reconcile.duration',
    samples: [{ labels: { controller: 'route', outcome: 'settled' }, count: 1, value: 0.02 }],
  });
});
