// A whole platform as it is observed: settings that hold at once, spans of a request and of the wake it caused at a collector,
// metrics at another, levels of logs, a profile.

import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectTo } from '#homes/mod.ts';
import { ConfigMap, Pod } from '#kinds/mod.ts';
import type { Collector } from '../../src/telemetry/otlp/collector.fixture.ts';
import {
  contents,
  grpcCollector,
  httpCollector,
  METRICS_REQUEST,
  plain,
  TRACES_REQUEST,
} from '../../src/telemetry/otlp/collector.fixture.ts';
import { get } from '../harness/get.ts';
import type { Platform } from '../harness/platform.ts';
import { ebbCommand, startPlatform, until } from '../harness/platform.ts';

let platform: Platform;
let connection: ReturnType<typeof connectTo>;
let collector: Collector;
let metricsCollector: Collector;

beforeAll(async () => {
  platform = await startPlatform({ args: ['--log-format', 'json'] });
  connection = connectTo(platform.dataDir);
  collector = await httpCollector();
  metricsCollector = await grpcCollector();
}, 90_000);
afterAll(async () => {
  await connection?.close();
  await platform?.discard();
  await collector?.close();
  await metricsCollector?.close();
});

const set = (name: string, data: Record<string, string>) =>
  connection.client.patch(ConfigMap, 'knative-serving', name, 'merge', { data });

const hello = () => get(new URL(platform.endpoints.gateway), 'hello.default.localhost');

interface SpanSeen {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parent?: string;
  readonly attributes: Record<string, unknown>;
  readonly service: unknown;
}

/** Spans as they come in, until there is what is wanted. */
async function spansUntil(enough: (spans: readonly SpanSeen[]) => boolean): Promise<SpanSeen[]> {
  const seen: SpanSeen[] = [];
  while (!enough(seen)) {
    const { resource, items } = contents((await collector.next()).body, TRACES_REQUEST);
    for (const item of items)
      seen.push({
        ...item,
        attributes: plain(item['attributes']),
        service: resource['service.name'],
      } as unknown as SpanSeen);
  }
  return seen;
}

test('a request to a revision at zero is one trace, from the gateway to the function and through the wake', async () => {
  await set('config-autoscaler', { 'stable-window': '6s', 'scale-to-zero-grace-period': '1s' });
  await set('config-observability', {
    'tracing-protocol': 'http/protobuf',
    'tracing-endpoint': collector.endpoint,
    'tracing-sampling-rate': '1',
  });
  // While it is warm: by this the gateway is seen to have heard of it.
  await until(
    async () => {
      await hello();
      const warm = await spansUntil((spans) => spans.length > 0);
      return warm.some(({ service }) => service === 'ebb-gateway');
    },
    30_000,
    () => 'the gateway does not trace',
  );
  await until(
    async () => {
      // As long as one drains it may still answer, and then nothing wakes.
      const { items } = await connection.client.list(Pod, { namespace: 'default' });
      return items.length === 0;
    },
    60_000,
    () => 'the example did not go to zero',
  );
  expect(await hello()).toMatch(/^200 Hello/);
  const requestOf = (spans: readonly SpanSeen[]) => {
    const wake = spans.find(({ name }) => name === 'wake');
    return wake && spans.find(({ name, traceId }) => name === 'GET /' && traceId === wake.traceId);
  };
  const spans = await spansUntil((spans) => requestOf(spans) !== undefined);
  const request = requestOf(spans);
  const wait = spans.find(({ name, parent }) => name === 'throttler_try' && parent === request?.spanId);
  const wake = spans.find(({ name }) => name === 'wake');
  expect(request).toMatchObject({
    service: 'ebb-gateway',
    attributes: { 'kn.service.name': 'hello', 'http.response.status_code': 200 },
  });
  expect(wake).toMatchObject({ service: 'ebb-control', traceId: request?.traceId, parent: wait?.spanId });
  const stages = spans.filter(({ parent }) => parent === wake?.spanId).map(({ name }) => name);
  expect(stages).toContain('wake: routed');
  expect(spans.some(({ name }) => name === 'reconcile PodAutoscaler')).toBe(true);
  const page = await (await fetch(new URL('/metrics', platform.endpoints.console))).text();
  expect(page).toMatch(/ebb_revision_wake_duration_seconds_count\{.*kn_revision_name="hello-00001",stage="all"\} 1/);
  await set('config-observability', { 'tracing-protocol': 'none', 'tracing-endpoint': '' });
}, 180_000);

test('metrics of requests go to their collector, by gRPC', async () => {
  await set('config-observability', {
    'request-metrics-protocol': 'grpc',
    'request-metrics-endpoint': metricsCollector.endpoint,
    'request-metrics-export-interval': '200ms',
  });
  await hello();
  const isThere = async () => {
    const { items } = contents((await metricsCollector.next()).body, METRICS_REQUEST);
    return items.some(({ name }) => name === 'kn.serving.invocation.duration');
  };
  expect(await isThere()).toBe(true);
  await set('config-observability', { 'request-metrics-protocol': 'none', 'request-metrics-endpoint': '' });
});

test('the level of a logger holds at once, in both processes', async () => {
  await set('config-logging', { 'loglevel.controller': 'debug', 'loglevel.activator': 'error' });
  const lines = () =>
    platform
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines()[0]).toMatchObject({ severity: 'INFO', timestamp: expect.any(String), message: expect.any(String) });
  await until(
    async () => {
      await set('config-gc', { 'min-non-active-revisions': String(20 + Math.floor(Math.random() * 100)) });
      return lines().some(({ severity, logger }) => severity === 'DEBUG' && logger === 'controller');
    },
    10_000,
    () => `no line of level debug came:\n${platform.output()}`,
  );
});

test('a profile of each process, once it is allowed', async () => {
  const file = join(platform.dataDir, 'taken.cpuprofile');
  const take = (process: string) =>
    promisify(execFile)(ebbCommand, [
      'profile',
      file,
      '--data',
      platform.dataDir,
      '--process',
      process,
      '--seconds',
      '0.2',
    ]);
  await expect(take('gateway')).rejects.toThrow('set runtime-profiling to enabled');
  await set('config-observability', { 'runtime-profiling': 'enabled' });
  for (const process of ['gateway', 'control']) {
    rmSync(file, { force: true });
    await until(
      () =>
        take(process).then(
          () => true,
          () => false,
        ),
      10_000,
      () => `no profile of ${process}`,
    );
    expect(existsSync(file)).toBe(true);
    expect((JSON.parse(readFileSync(file, 'utf8')) as { nodes: unknown[] }).nodes.length).toBeGreaterThan(1);
  }
}, 60_000);
