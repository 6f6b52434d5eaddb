// The registry, its texts, and the page of everything that is measured.

import { describe, expect, it } from 'vitest';
import type { Instruments } from './mod.ts';
import {
  createMetrics,
  DURATION_BOUNDS,
  exposition,
  formatFor,
  INSTRUMENTS,
  joined,
  prometheusName,
  showProcess,
} from './mod.ts';
import { metricsPage } from './reference.ts';

const about = { group: 'platform', unit: '', attributes: [] } as const;
const THINGS = {
  requests: { ...about, type: 'counter', attributes: ['status.code'], help: 'Requests "served".' },
  depth: { ...about, type: 'updown', help: 'Waiting.' },
  share: { ...about, type: 'gauge', unit: '1', help: 'Share.' },
  took: { ...about, type: 'histogram', unit: 's', attributes: ['kind'], bounds: [0.5, 1], help: 'Seconds.' },
} as const satisfies Instruments;

function example() {
  const metrics = createMetrics(THINGS);
  const served = metrics.counter('requests');
  served.add({ 'status.code': '200' });
  served.add({ 'status.code': '200' }, 2);
  served.add({ 'status.code': 'a"b\n' });
  metrics.gauge('depth').set(4);
  const took = metrics.histogram('took');
  for (const value of [0.5, 0.7, 9]) took.observe(value, { kind: 'x' });
  return metrics;
}

describe('exposition', () => {
  it('writes the Prometheus format', () => {
    expect(exposition(example().families())).toBe(
      [
        '# HELP requests_total Requests "served".',
        '# TYPE requests_total counter',
        'requests_total{status_code="200"} 3',
        'requests_total{status_code="a\\"b\\n"} 1',
        '# HELP depth Waiting.',
        '# TYPE depth gauge',
        'depth 4',
        '# HELP took_seconds Seconds.',
        '# TYPE took_seconds histogram',
        'took_seconds_bucket{kind="x",le="0.5"} 1',
        'took_seconds_bucket{kind="x",le="1"} 2',
        'took_seconds_bucket{kind="x",le="+Inf"} 3',
        'took_seconds_sum{kind="x"} 10.2',
        'took_seconds_count{kind="x"} 3',
        '',
      ].join('\n'),
    );
  });

  it('writes OpenMetrics', () => {
    const text = exposition(example().families(), 'openmetrics');
    expect(text).toContain('# TYPE requests counter\nrequests_total{status_code="200"} 3\n');
    expect(text).toContain('# TYPE took_seconds histogram\n# UNIT took_seconds seconds\n');
    expect(text).toContain('took_seconds_bucket{kind="x",le="1.0"} 2\n');
    expect(text.endsWith('# EOF\n')).toBe(true);
  });

  it('says nothing of a metric without series', () => {
    const metrics = createMetrics(THINGS);
    metrics.histogram('took');
    expect(exposition(metrics.families())).toBe('');
  });

  it.each([
    [undefined, 'prometheus'],
    ['*/*', 'prometheus'],
    ['text/plain;version=0.0.4', 'prometheus'],
    ['application/openmetrics-text; version=1.0.0,text/plain;q=0.5', 'openmetrics'],
    ['text/plain;version=0.0.4;q=0.9, application/openmetrics-text;q=0.1', 'prometheus'],
    ['application/openmetrics-text;q=0', 'prometheus'],
  ])('for Accept %s is %s', (accept, format) => expect(formatFor(accept)).toBe(format));
});

describe('names at Prometheus', () => {
  it.each([
    ['kn.serving.invocation.duration', 'histogram', 's', 'kn_serving_invocation_duration_seconds'],
    ['kn.revision.pods.not_ready.count', 'gauge', '{pod}', 'kn_revision_pods_not_ready_count'],
    ['kn.revision.rps.stable', 'gauge', '{request}/s', 'kn_revision_rps_stable_per_second'],
    ['kn.workqueue.adds', 'counter', '{item}', 'kn_workqueue_adds_total'],
    ['process.memory.usage', 'gauge', 'By', 'process_memory_usage_bytes'],
    ['process.cpu.time', 'counter', 's', 'process_cpu_time_seconds_total'],
    ['nodejs.eventloop.utilization', 'gauge', '1', 'nodejs_eventloop_utilization_ratio'],
    ['of.seconds', 'gauge', 's', 'of_seconds'],
  ] as const)('%s, a %s in "%s", is %s', (name, type, unit, expected) =>
    expect(prometheusName(name, { type, unit })).toBe(expected),
  );
});

describe('the registry', () => {
  it('gives the same metric for the same name', () => {
    const metrics = createMetrics(THINGS);
    metrics.counter('requests').add();
    metrics.counter('requests').add();
    expect(metrics.families()[0]?.samples).toEqual([{ labels: {}, value: 2 }]);
  });

  it('knows only what is on the page, with its attributes, as what it is', () => {
    const metrics = createMetrics(THINGS);
    const loose = metrics as unknown as { gauge(name: string): unknown };
    expect(() => loose.gauge('who')).toThrow('there is no instrument who');
    expect(() => loose.gauge('took')).toThrow('took is a histogram');
    expect(() => metrics.gauge('depth').set(1, { who: 'x' })).toThrow('depth has no attribute who');
    expect(() => metrics.counter('requests').add({}, -1)).toThrow('counter requests cannot fall');
  });

  it('fills gauges before each reading', () => {
    const metrics = createMetrics(THINGS);
    const gauge = metrics.gauge('share');
    const stop = metrics.beforeRead(() => gauge.add(1));
    metrics.families();
    stop();
    expect(metrics.families()[0]?.samples[0]?.value).toBe(1);
  });

  it('puts a value that equals a bound below it, and counts a series that was found beforehand', () => {
    const metrics = createMetrics(THINGS);
    const series = metrics.histogram('took').of({ kind: 'y' });
    for (const value of [0.5, 1, 1.1]) series.observe(value);
    expect(metrics.families()[0]?.samples).toEqual([
      { labels: { kind: 'y' }, value: 2.6, count: 3, buckets: [1, 2, 3] },
    ]);
  });

  it('forgets what is gone, in every metric', () => {
    const metrics = createMetrics(THINGS);
    for (const kind of ['x', 'y']) metrics.histogram('took').observe(1, { kind });
    metrics.gauge('depth').set(1);
    metrics.forget({ kind: 'x' });
    expect(metrics.families().map(({ samples }) => samples.map(({ labels }) => labels))).toEqual([
      [{ kind: 'y' }],
      [{}],
    ]);
  });

  it('joins those of several processes to one family a name', () => {
    const [one, two] = [createMetrics(), createMetrics()];
    showProcess(one, 'a');
    showProcess(two, 'b');
    const text = exposition(joined(one.families(), two.families()));
    expect(text.match(/# TYPE process_memory_usage_bytes gauge/g)).toHaveLength(1);
    expect(text).toMatch(
      /process_memory_usage_bytes\{service_name="a"\} \d+\nprocess_memory_usage_bytes\{service_name="b"\} \d+\n/,
    );
    expect(text).toMatch(/process_cpu_time_seconds_total\{service_name="a",cpu_mode="user"\} 0\.\d+/);
  });
});

describe('the page of instruments', () => {
  it('is what docs/metrics.md says', async () => {
    await expect(metricsPage()).toMatchFileSnapshot('../../docs/metrics.md');
  });

  it('has bounds for each histogram, and names that Prometheus takes and that do not clash', () => {
    const names = Object.entries(INSTRUMENTS).map(([name, one]) => prometheusName(name, one));
    for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(new Set(names).size).toBe(names.length);
    for (const one of Object.values(INSTRUMENTS)) expect('bounds' in one).toBe(one.type === 'histogram');
    expect(DURATION_BOUNDS).toEqual([0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]);
  });
});
