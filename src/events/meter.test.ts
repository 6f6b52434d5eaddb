import { createMetrics } from '#telemetry/mod.ts';
import { expect, test } from 'vitest';
import { broker, trigger } from './events.fixture.ts';
import { EventsMeter } from './meter.ts';

test('what came in and what went out, by who it was', () => {
  const metrics = createMetrics();
  const meter = new EventsMeter(metrics);
  meter.kept(broker, 3);
  const attempt = { stream: 's', consumer: 'c', offset: 0, at: 'subscriber', destination: 'd', startedAt: 0 } as const;
  meter.attempted(trigger('t'), { ...attempt, tookMs: 20, status: 200, next: { kind: 'end', end: 'delivered' } });
  meter.attempted(trigger('t'), { ...attempt, tookMs: 20, error: 'away', next: { kind: 'end', end: 'failed' } });
  const found = metrics.families().map(({ name, samples }) => [name, samples.map(({ labels }) => labels)]);
  const who = { 'k8s.namespace.name': 'ns', 'kn.trigger.name': 't' };
  expect(Object.fromEntries(found)).toEqual({
    'kn.eventing.process.duration': [{ 'k8s.namespace.name': 'ns', 'kn.broker.name': 'b' }],
    'kn.eventing.dispatch.duration': [{ ...who, 'http.response.status_code': '200' }, who],
    'ebb.eventing.undelivered': [{ ...who, outcome: 'failed' }],
  });
});
