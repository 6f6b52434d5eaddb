// Where Pods say their metrics are, and what is made of their answers.

import { describe, expect, it } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import type { FetchText } from '#telemetry/mod.ts';
import { metricsUrl, podMetrics } from './pod-metrics.ts';

function pod(name: string, annotations: Record<string, string>, podIP?: string): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'ns', annotations },
    spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 8080 }] }] },
    status: podIP ? { podIP } : {},
  };
}
const scraped = { 'prometheus.io/scrape': 'true' };

it.each<[Record<string, string>, string | undefined, string | undefined]>([
  [{}, '10.1.0.1', undefined],
  [{ 'prometheus.io/scrape': 'false' }, '10.1.0.1', undefined],
  [scraped, undefined, undefined],
  [scraped, '10.1.0.1', 'http://10.1.0.1:8080/metrics'],
  [
    { ...scraped, 'prometheus.io/port': '9000', 'prometheus.io/path': 'stats' },
    '10.1.0.1',
    'http://10.1.0.1:9000/stats',
  ],
  [{ ...scraped, 'prometheus.io/port': 'http' }, '10.1.0.1', undefined],
  [{ ...scraped, 'ebb.dev/host-ports': '{"8080":40001}' }, '10.1.0.1', 'http://127.0.0.1:40001/metrics'],
])('%j at %s: %s', (annotations, ip, url) => expect(metricsUrl(pod('p', annotations, ip))).toBe(url));

describe('podMetrics', () => {
  const clock = new VirtualClock(5000);
  const answers: Record<string, string> = { '10.1.0.1': 'queue 2.5\n', '10.1.0.2': 'other 1\n' };
  const fetch: FetchText = (url) => {
    const text = answers[new URL(url).hostname];
    return text === undefined ? Promise.reject(new Error('connect ECONNREFUSED')) : Promise.resolve(text);
  };
  const pods = ['10.1.0.1', '10.1.0.2', '10.1.0.3'].map((ip, i) => pod(`p${i}`, scraped, ip));
  const { ofPods } = podMetrics(fetch, clock);

  it('takes what there is', async () =>
    expect([...(await ofPods('queue', pods))]).toEqual([['p0', { milli: 2500, atMs: 5000, windowMs: 0 }]]));

  it('tells why there is nothing', async () => {
    await expect(ofPods('queue', pods.slice(1, 2))).rejects.toThrow(
      'http://10.1.0.2:8080/metrics: the answer has no series queue',
    );
    await expect(ofPods('queue', pods.slice(2))).rejects.toThrow('http://10.1.0.3:8080/metrics: connect ECONNREFUSED');
    await expect(ofPods('queue', [pod('p', {}, '10.1.0.1')])).rejects.toThrow(
      'no Pod says where its metrics are: expected the annotation prometheus.io/scrape: "true"',
    );
  });

  it('has nothing to tell of Pods that are not there yet', async () => {
    expect((await ofPods('queue', [])).size).toBe(0);
    expect((await ofPods('queue', [pod('p', scraped)])).size).toBe(0);
  });

  it('asks many in turns', async () => {
    let [open, most] = [0, 0];
    const counted: FetchText = async () => {
      most = Math.max(most, ++open);
      await Promise.resolve();
      open--;
      return 'queue 1';
    };
    const many = Array.from({ length: 40 }, (_, i) => pod(`p${i}`, scraped, '10.1.0.1'));
    expect((await podMetrics(counted, clock).ofPods('queue', many)).size).toBe(40);
    expect(most).toBeLessThanOrEqual(16);
  });
});
