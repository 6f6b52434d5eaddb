// Metrics and spans as a collector gets them, by each protocol, and what happens while it is away.

import type { ServerHttp2Stream } from 'node:http2';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { seededRandom, settle, systemClock, VirtualClock } from '#base/mod.ts';
import type { Logger, SpanRecord, TelemetrySettings } from './mod.ts';
import { createMetrics, Exporting, NO_TELEMETRY, silentLog, Tracer } from './mod.ts';
import {
  contents,
  grpcCollector,
  httpCollector,
  METRICS_REQUEST,
  plain,
  TRACES_REQUEST,
} from './otlp/collector.fixture.ts';
import { collectorUrl, grpcSender, httpSender } from './otlp/send.ts';
import { spanExporter } from './span-exporter.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const resource = {
  'service.name': 'ebb-gateway',
  'service.version': '1.2.3',
  'service.instance.id': 'one',
  'k8s.namespace.name': 'knative-serving',
};

function stage(clock = systemClock) {
  const metrics = createMetrics();
  const tracer = new Tracer(clock, seededRandom(1));
  const lines: string[] = [];
  const out = { write: (line: string) => lines.push(line) };
  const exporting = new Exporting({ clock, log: silentLog, metrics, tracer, resource, out });
  closers.push(() => exporting.close());
  return {
    metrics,
    tracer,
    exporting,
    lines,
    set: (part: Partial<TelemetrySettings>) => exporting.configure({ ...NO_TELEMETRY, ...part }),
  };
}

const revision = { 'k8s.namespace.name': 'default', 'kn.revision.name': 'hello-00001' };

describe('metrics', () => {
  it.each([
    ['http/protobuf', httpCollector, '/v1/metrics', 'application/x-protobuf'],
    ['grpc', grpcCollector, '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export', 'application/grpc'],
  ] as const)(
    'go out by %s, each interval, those of requests apart from those of the platform',
    async (protocol, make, path, type) => {
      const collector = await make();
      closers.push(() => collector.close());
      const clock = new VirtualClock();
      const { metrics, set } = stage(clock);
      metrics
        .histogram('kn.serving.invocation.duration')
        .observe(0.03, { ...revision, 'http.response.status_code': '200' });
      metrics.gauge('kn.revision.request.queued').set(3, revision);
      metrics.counter('ebb.gateway.refusals').add({ target: '', reason: 'no-route' }, 2);
      metrics.gauge('kn.revision.request.concurrency').set(1.5, revision);
      const { endpoint } = collector;
      await set({ requestMetrics: { protocol, endpoint, intervalMs: 5000 } });
      await clock.advance(5000);
      const first = await collector.next();
      expect([first.path, first.type]).toEqual([path, type]);
      const { resource: who, items } = contents(first.body, METRICS_REQUEST);
      expect(who).toEqual(resource);
      expect(items).toEqual([
        {
          name: 'kn.serving.invocation.duration',
          description: expect.any(String),
          unit: 's',
          histogram: {
            temporality: 2,
            points: [
              {
                attributes: expect.any(Array),
                start: BigInt(clock.now() - 5000) * 1_000_000n,
                time: BigInt(clock.now()) * 1_000_000n,
                count: 1n,
                sum: 0.03,
                buckets: [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                bounds: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
              },
            ],
          },
        },
      ]);
      const [{ histogram }] = items as [{ histogram: { points: { attributes: unknown }[] } }];
      expect(plain(histogram.points[0]?.attributes)).toEqual({ ...revision, 'http.response.status_code': 200 });

      await set({ metrics: { protocol, endpoint, intervalMs: 0 } });
      await collector.next(); // What was left of the requests' is sent at the change.
      await clock.advance(60_000);
      const platform = contents((await collector.next()).body, METRICS_REQUEST).items;
      expect(platform).toMatchObject([
        { name: 'kn.revision.request.queued', unit: '{request}', sum: { temporality: 2, points: [{ value: 3 }] } },
        { name: 'ebb.gateway.refusals', sum: { temporality: 2, monotonic: 1, points: [{ value: 2 }] } },
        { name: 'kn.revision.request.concurrency', gauge: { points: [{ value: 1.5 }] } },
      ]);
      expect(platform[0]?.['sum']).not.toHaveProperty('monotonic');
    },
  );

  it('are opened for a scraper where an endpoint is named, until it is no longer', async () => {
    const clock = new VirtualClock();
    const open = new Set<string>();
    const exporting = new Exporting({
      clock,
      log: silentLog,
      metrics: createMetrics(),
      tracer: new Tracer(clock, seededRandom(1)),
      resource,
      out: { write() {} },
      async openScrape(endpoint, group) {
        if (endpoint === 'busy:1') throw new Error('EADDRINUSE');
        open.add(`${endpoint} ${group}`);
        return { close: async () => void open.delete(`${endpoint} ${group}`) };
      },
    });
    const prometheus = (endpoint: string) => ({ protocol: 'prometheus', endpoint, intervalMs: 0 }) as const;
    await exporting.configure({ ...NO_TELEMETRY, metrics: prometheus('a:1'), requestMetrics: prometheus('') });
    expect([...open]).toEqual(['a:1 platform']);
    await exporting.configure({ ...NO_TELEMETRY, metrics: prometheus('busy:1'), requestMetrics: prometheus('b:2') });
    expect([...open]).toEqual(['b:2 requests']);
    await exporting.close();
    expect([...open]).toEqual([]);
  });

  it('that are not taken are counted, told once, and sent anew at the next interval', async () => {
    let status = 503;
    const collector = await httpCollector((response) => response.writeHead(status).end('busy'));
    closers.push(() => collector.close());
    const clock = new VirtualClock();
    const metrics = createMetrics();
    const told: string[] = [];
    const note = (message: string) => void told.push(message);
    const log: Logger = { ...silentLog, info: note, warn: note };
    const exporting = new Exporting({
      clock,
      log,
      metrics,
      tracer: new Tracer(clock, seededRandom(1)),
      resource,
      out: { write() {} },
    });
    closers.push(() => exporting.close());
    metrics.gauge('kn.revision.request.queued').set(1, revision);
    await exporting.configure({
      ...NO_TELEMETRY,
      metrics: { protocol: 'http/protobuf', endpoint: collector.endpoint, intervalMs: 1000 },
    });
    const pass = async () => {
      await clock.advance(1000);
      await collector.next();
    };
    const lost = () => metrics.families().find(({ name }) => name === 'ebb.telemetry.lost')?.samples[0]?.value;
    await pass();
    await vi.waitFor(() => expect(lost()).toBe(1));
    await pass();
    await vi.waitFor(() => expect(lost()).toBe(2));
    status = 200;
    await pass();
    await vi.waitFor(() =>
      expect(told).toEqual(['the collector does not take metrics', 'the collector takes metrics again']),
    );
  });
});

describe('spans', () => {
  it.each([
    ['http/protobuf', httpCollector, '/v1/traces'],
    ['grpc', grpcCollector, '/opentelemetry.proto.collector.trace.v1.TraceService/Export'],
  ] as const)('go out by %s when tracing ends or a while has passed', async (protocol, make, path) => {
    const collector = await make();
    closers.push(() => collector.close());
    const clock = new VirtualClock();
    const { tracer, set } = stage(clock);
    await set({ tracing: { protocol, endpoint: collector.endpoint, samplingRate: 1 } });
    const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true };
    const span = tracer.begin('GET /', {
      kind: 'server',
      parent,
      attributes: { 'http.request.method': 'GET', 'server.port': 80, ok: false },
    });
    await clock.advance(20);
    const child = span?.child('throttler_try');
    child?.event('queued', { depth: 1.5 });
    child?.fail('pending request queue full');
    child?.end();
    span?.end();
    await clock.advance(5000);
    const { path: asked, body } = await collector.next();
    expect(asked).toBe(path);
    const { resource: who, items } = contents(body, TRACES_REQUEST);
    expect(who).toEqual(resource);
    const start = BigInt(Date.UTC(2026, 0)) * 1_000_000n;
    expect(items).toMatchObject([
      {
        traceId: parent.traceId,
        spanId: child?.context.spanId,
        parent: span?.context.spanId,
        name: 'throttler_try',
        kind: 1,
        start: start + 20_000_000n,
        end: start + 20_000_000n,
        events: [{ name: 'queued', time: start + 20_000_000n }],
        status: { code: 2, message: 'pending request queue full' },
        flags: 1,
      },
      { spanId: span?.context.spanId, parent: parent.spanId, name: 'GET /', kind: 2, start, end: start + 20_000_000n },
    ]);
    expect(plain(items[1]?.['attributes'])).toEqual({ 'http.request.method': 'GET', 'server.port': 80, ok: 0 });
  });

  it('are lines with stdout, and nothing without', async () => {
    const { tracer, set, lines } = stage(new VirtualClock());
    expect(tracer.on).toBe(false);
    await set({ tracing: { protocol: 'stdout', endpoint: '', samplingRate: 0 } });
    tracer.begin('GET /')?.end();
    expect(lines.map((line) => JSON.parse(line) as SpanRecord)).toMatchObject([{ name: 'GET /', parentSpanId: '' }]);
    await set({});
    expect([tracer.on, tracer.begin('GET /')]).toEqual([false, undefined]);
  });

  it('keep to the decision that came in, and else to the rate', async () => {
    const tracer = new Tracer(new VirtualClock(), seededRandom(7));
    tracer.direct(() => {}, { rate: 0.25 });
    const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
    expect(tracer.begin('x', { parent: { ...parent, sampled: true } })?.context).toMatchObject({
      traceId: parent.traceId,
      sampled: true,
    });
    expect(tracer.begin('x', { parent: { ...parent, sampled: false } })).toBeUndefined();
    const share = Array.from({ length: 2000 }, () => tracer.begin('x')).filter(Boolean).length / 2000;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.3);
  });
});

describe('spans for a collector that is away', () => {
  const span = (name: string) => ({ name }) as SpanRecord;
  function exporter() {
    const clock = new VirtualClock();
    const sent: string[][] = [];
    const outcome = { value: 'later' as 'later' | 'taken' | 'refused' };
    const asked: { afterMs?: number } = {};
    let lost = 0;
    const one = spanExporter({
      clock,
      log: silentLog,
      lost: { add: (_labels, by = 1) => void (lost += by) },
      async send(spans) {
        sent.push(spans.map(({ name }) => name));
        return { outcome: outcome.value, why: 'away', ...asked };
      },
    });
    return { clock, sent, outcome, asked, one, lost: () => lost };
  }

  it('wait, are sent again later and later, in order', async () => {
    const { clock, sent, outcome, one, lost } = exporter();
    one.take(span('a'));
    await clock.advance(5000);
    one.take(span('b'));
    await clock.advance(1000);
    await clock.advance(1000);
    expect(sent).toEqual([['a'], ['a', 'b']]);
    outcome.value = 'taken';
    await clock.advance(1000);
    expect(sent.at(-1)).toEqual(['a', 'b']);
    await clock.advance(60_000);
    expect([sent.length, lost()]).toEqual([3, 0]);
  });

  it('are not sent again before it has asked for them', async () => {
    const { clock, sent, asked, outcome, one } = exporter();
    asked.afterMs = 20_000;
    one.take(span('a'));
    await clock.advance(5000);
    outcome.value = 'taken';
    await clock.advance(19_000);
    expect(sent).toHaveLength(1);
    await clock.advance(1000);
    expect(sent).toEqual([['a'], ['a']]);
  });

  it('are lost beyond a bound, and where it refuses them, and are counted', async () => {
    const { clock, outcome, one, sent, lost } = exporter();
    for (let i = 0; i < 3000; i++) one.take(span(String(i)));
    await settle();
    expect(sent[0]).toHaveLength(512);
    expect(lost()).toBe(3000 - 2048 - 512 + 512);
    outcome.value = 'refused';
    await clock.advance(30_000);
    expect(lost()).toBe(3000);
    one.take(span('last'));
    outcome.value = 'taken';
    await one.close();
    expect(sent.at(-1)).toEqual(['last']);
  });
});

describe('a collector’s address', () => {
  it.each([
    ['http://otel:4318', 'http://otel:4318/v1/metrics'],
    ['http://otel:4318/', 'http://otel:4318/v1/metrics'],
    ['https://otel/api/otlp', 'https://otel/api/otlp'],
    ['otel.example:4318', 'https://otel.example:4318/v1/metrics'],
  ])('%s is %s', (endpoint, url) => expect(collectorUrl(endpoint, 'metrics').href).toBe(url));

  it('is http or https', () => expect(() => collectorUrl('ftp://otel', 'traces')).toThrow('by http or https'));
});

describe('a collector that does not take it', () => {
  it.each([
    [
      'HTTP 400',
      () => httpCollector((response) => response.writeHead(400).end('bad')),
      httpSender,
      'refused',
      'status 400 bad',
    ],
    [
      'HTTP 429',
      () => httpCollector((response) => response.writeHead(429, { 'retry-after': '7' }).end()),
      httpSender,
      'later',
      'status 429',
    ],
    ['gRPC 3', () => grpcCollector(3), grpcSender, 'refused', 'gRPC status 3 so it is'],
    ['gRPC 14', () => grpcCollector(14), grpcSender, 'later', 'gRPC status 14 so it is'],
  ] as const)('%s', async (_, make, open, outcome, why) => {
    const collector = await make();
    closers.push(() => collector.close());
    const sender = await open(collector.endpoint, 'traces', systemClock);
    expect(await sender.send(Uint8Array.of(1))).toMatchObject({ outcome, why });
    sender.close();
  });

  it.each([
    ['http', httpSender],
    ['grpc', grpcSender],
  ] as const)('is away, by %s', async (_, open) => {
    const collector = await httpCollector();
    const sender = await open(collector.endpoint, 'metrics', systemClock);
    await collector.close();
    for (let i = 0; i < 2; i++)
      expect(await sender.send(Uint8Array.of(1))).toEqual({
        outcome: 'later',
        why: expect.stringContaining('ECONNREFUSED'),
      });
    sender.close();
    expect((await sender.send(Uint8Array.of(1))).outcome).toBe('later');
  });

  it('answers drop by drop and comes to no end', async () => {
    const clock = new VirtualClock();
    const begun = Promise.withResolvers<void>();
    const collector = await httpCollector((response) => response.write('.', () => begun.resolve()));
    closers.push(() => collector.close());
    const sender = await httpSender(collector.endpoint, 'traces', clock);
    const delivery = sender.send(Uint8Array.of(1));
    await begun.promise;
    await clock.advance(10_000);
    expect(await delivery).toEqual({ outcome: 'later', why: 'no whole answer within 10 s' });
    sender.close();
  });

  it('says nothing by gRPC', async () => {
    const clock = new VirtualClock();
    const begun = Promise.withResolvers<void>();
    const server = createHttp2Server().on('stream', (stream: ServerHttp2Stream) => {
      // The other end resets it.
      stream.on('error', () => {});
      begun.resolve();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(async () => server.close());
    const { port } = server.address() as AddressInfo;
    const sender = await grpcSender(`http://127.0.0.1:${port}`, 'traces', clock);
    const delivery = sender.send(Uint8Array.of(1));
    await begun.promise;
    await clock.advance(10_000);
    expect(await delivery).toEqual({ outcome: 'later', why: 'no whole answer within 10 s' });
    sender.close();
  });

  it('by gRPC, though it is there, because it speaks something else', async () => {
    const collector = await httpCollector();
    closers.push(() => collector.close());
    const sender = await grpcSender(collector.endpoint, 'metrics', systemClock);
    expect((await sender.send(Uint8Array.of(1))).outcome).toBe('later');
    sender.close();
  });
});
