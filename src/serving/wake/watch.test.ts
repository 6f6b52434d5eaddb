// A wake as it is measured and traced, from the news that the gateway and the caches bring.

import { expect, test } from 'vitest';
import { calmOf, seededRandom, VirtualClock } from '#base/mod.ts';
import type { Target, WakeListener } from '#gateway/mod.ts';
import { Deployment, Pod, REVISION_LABEL } from '#kinds/mod.ts';
import type { Change, Informers } from '#objects/mod.ts';
import type { SpanRecord } from '#telemetry/mod.ts';
import { createMetrics, Tracer } from '#telemetry/mod.ts';
import { WakeWatch } from './watch.ts';

const KEY = 'default/hello-00001';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const target = (endpoints: number): Target => ({
  namespace: 'default',
  name: 'hello-00001',
  service: 'hello',
  configuration: 'hello',
  concurrency: 0,
  timeoutMs: 0,
  protocol: 'http1',
  endpoints: Array.from({ length: endpoints }, (_, i) => ({ id: `${i}`, host: '', port: 1, state: 'ready' as const })),
});

function stage() {
  const clock = new VirtualClock();
  const metrics = createMetrics();
  const spans: SpanRecord[] = [];
  const tracer = new Tracer(clock, seededRandom(1));
  tracer.direct((span) => spans.push(span), { rate: 1 });
  const listeners = new Map<unknown, (change: Change<object>) => void>();
  const informers = {
    of: (kind: unknown) => ({
      onChange(listen: (change: Change<object>) => void) {
        listeners.set(kind, listen);
        return () => listeners.delete(kind);
      },
    }),
  } as unknown as Informers;
  const calm = calmOf(clock, 0);
  const watch = new WakeWatch({ clock, calm, metrics, tracer, informers });
  let wake: WakeListener = () => {};
  const stop = watch.start({ onWake: (listen) => ((wake = listen), () => {}) });
  const metadata = { name: 'x', namespace: 'default', labels: { [REVISION_LABEL]: 'hello-00001' } };
  return {
    clock,
    spans,
    watch,
    stop,
    wake: (traceparent?: string) => wake(KEY, traceparent),
    scaled: (replicas: number) => listeners.get(Deployment)?.({ after: { metadata, spec: { replicas } } }),
    pod: (status: object) => listeners.get(Pod)?.({ after: { metadata, status } }),
    listeners: () => listeners.size,
    isStarting: () => calm.isCrowded,
    measured: () =>
      Object.fromEntries((metrics.families()[0]?.samples ?? []).map(({ labels, value }) => [labels['stage'], value])),
  };
}

const running = { containerStatuses: [{ state: { running: {} } }] };
const ready = { ...running, conditions: [{ type: 'Ready', status: 'True' }] };

test('each stage has its share of the whole, in the trace of the request that waits', async () => {
  const { clock, spans, watch, wake, scaled, pod, measured } = stage();
  wake(`00-${TRACE}-00f067aa0ba902b7-01`);
  scaled(0);
  await clock.advance(10);
  scaled(1);
  await clock.advance(20);
  pod({});
  await clock.advance(500);
  wake(); // As each second while something waits.
  pod(running);
  await clock.advance(1000);
  pod(ready);
  watch.told(KEY, target(0));
  await clock.advance(5);
  watch.told(KEY, target(1));
  expect(measured()).toEqual({ all: 1.535, decided: 0.01, created: 0.02, started: 0.5, ready: 1, routed: 0.005 });
  const whole = spans.find(({ name }) => name === 'wake');
  expect(whole).toMatchObject({
    traceId: TRACE,
    parentSpanId: '00f067aa0ba902b7',
    attributes: { 'kn.revision.name': 'hello-00001' },
  });
  expect((whole?.endMs ?? 0) - (whole?.startMs ?? 0)).toBe(1535);
  const parts = spans.filter(({ parentSpanId }) => parentSpanId === whole?.spanId);
  expect(parts.map(({ name, startMs, endMs }) => [name, endMs - startMs])).toEqual([
    ['wake: decided', 10],
    ['wake: created', 20],
    ['wake: started', 500],
    ['wake: ready', 1000],
    ['wake: routed', 5],
  ]);
});

test.each([
  ['its target is told with a copy that is ready', target(1)],
  ['it is gone', undefined],
])('what wakes counts among the programs that start until %s', (_, end) => {
  const { wake, watch, isStarting } = stage();
  wake();
  wake();
  watch.told(KEY, target(0));
  expect(isStarting()).toBe(true);
  watch.told(KEY, end);
  expect(isStarting()).toBe(false);
});

test('what was there already is no stage, and without a trace there are no spans', async () => {
  const { clock, spans, watch, wake, pod, measured } = stage();
  wake();
  await clock.advance(30);
  pod(ready);
  watch.told(KEY, target(1));
  expect(measured()).toMatchObject({ all: 0.03, created: 0.03, started: 0, ready: 0, routed: 0 });
  expect(measured()).not.toHaveProperty('decided');
  expect(spans).toEqual([]);
});

test('only what wakes is looked at, and what is gone is forgotten', async () => {
  const { clock, watch, wake, scaled, pod, measured, stop, listeners } = stage();
  scaled(1);
  pod(ready);
  watch.told(KEY, target(1));
  expect(measured()).toEqual({});
  wake();
  await clock.advance(1);
  watch.told(KEY, target(1));
  expect(measured()).toMatchObject({ all: 0.001 });
  watch.told(KEY, undefined);
  expect(measured()).toEqual({});
  stop();
  expect(listeners()).toBe(0);
});
