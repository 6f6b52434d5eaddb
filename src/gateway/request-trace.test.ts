// Spans of requests through a whole gateway, and what the application hears of the trace.

import type { IncomingHttpHeaders } from 'node:http';
import { seededRandom, systemClock } from '#base/mod.ts';
import type { SpanRecord } from '#telemetry/mod.ts';
import { parseTraceparent, Tracer } from '#telemetry/mod.ts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { appHere, ask, gatewayHere, ingressTo, targetOf } from './gateway.fixture.ts';
import type { Endpoint } from './control.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const came = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
const traceparent = `00-${came.traceId}-${came.spanId}`;

async function stage(rate: number | undefined, endpoints?: readonly Endpoint[]) {
  const tracer = new Tracer(systemClock, seededRandom(1));
  const spans: SpanRecord[] = [];
  if (rate !== undefined) tracer.direct((span) => spans.push(span), { rate });
  const lines: string[] = [];
  const gateway = await gatewayHere({ tracer, requestLog: (line) => lines.push(line) });
  const heard: IncomingHttpHeaders[] = [];
  const app = await appHere((request, response) => {
    heard.push(request.headers);
    response.end('ok');
  });
  closers.push(
    () => app.close(),
    () => gateway.close(0),
  );
  await gateway.control.setTarget(
    't',
    targetOf(endpoints ?? [app.endpoint], { requestLog: { template: '{{.TraceID}}', probes: false } }),
  );
  await gateway.control.setIngress('i', ingressTo('hello.test', 't'));
  const get = async (headers: Record<string, string> = {}) => {
    const answer = await ask(gateway.address.http.port, { path: '/path?secret', headers });
    return { answer, heard: heard.at(-1) };
  };
  return { gateway, app, spans, lines, get };
}

const named = (spans: readonly SpanRecord[], name: string) => spans.filter((span) => span.name === name);

describe('a request that is traced', () => {
  it('has a span at the gateway, one for its wait, and one for the attempt, which the application is told of', async () => {
    const { spans, get } = await stage(0.000001);
    const { heard } = await get({ traceparent: `${traceparent}-01`, tracestate: 'vendor=1', baggage: 'user=ann' });
    const [server, wait, attempt] = ['GET /', 'throttler_try', 'activator_proxy'].map((name) => named(spans, name)[0]);
    expect(spans).toHaveLength(3);
    expect(server).toMatchObject({
      traceId: came.traceId,
      parentSpanId: came.spanId,
      traceState: 'vendor=1',
      kind: 'server',
      error: undefined,
      attributes: {
        'kn.revision.name': 'hello-00001',
        'http.request.method': 'GET',
        'http.route': '/',
        'kn.route.tag': 'kn:disabled',
        'url.path': '/path',
        'http.response.status_code': 200,
      },
    });
    expect(JSON.stringify(spans)).not.toContain('secret');
    expect(wait).toMatchObject({ traceId: came.traceId, parentSpanId: server?.spanId });
    expect(attempt).toMatchObject({ parentSpanId: server?.spanId, kind: 'client', error: undefined });
    expect(wait?.endMs).toBeLessThanOrEqual(attempt?.startMs ?? 0);
    expect(attempt?.endMs).toBeLessThanOrEqual(server?.endMs ?? 0);
    expect(heard).toMatchObject({
      traceparent: `00-${came.traceId}-${attempt?.spanId}-01`,
      tracestate: 'vendor=1',
      baggage: 'user=ann',
    });
  });

  it('begins a trace where none came, or none that can be read', async () => {
    const { spans, lines, get } = await stage(1);
    const { heard } = await get({ traceparent: 'rubbish', tracestate: 'vendor=1' });
    expect(named(spans, 'GET /')[0]).toMatchObject({ parentSpanId: '', traceState: '' });
    expect(parseTraceparent(heard?.['traceparent'] as string)).toMatchObject({
      traceId: spans[0]?.traceId,
      sampled: true,
    });
    expect(heard).not.toHaveProperty('tracestate');
    await vi.waitFor(() => expect(lines).toEqual([spans[0]?.traceId]));
  });

  it('shows an endpoint that could not be reached as an attempt of its own', async () => {
    const gone = await appHere(() => {}, 'gone');
    await gone.close();
    const { app, gateway, spans, get } = await stage(1, [gone.endpoint]);
    const held = get();
    await vi.waitFor(() => expect(named(spans, 'activator_proxy').length).toBeGreaterThan(0));
    await gateway.control.setTarget('t', targetOf([app.endpoint]));
    const { heard } = await held;
    const attempts = named(spans, 'activator_proxy');
    expect(attempts.length).toBeGreaterThan(1);
    expect(attempts[0]?.error).toContain('ECONNREFUSED');
    expect(attempts.at(-1)).toMatchObject({ error: undefined, attributes: { 'http.response.status_code': 200 } });
    expect(attempts.at(-1)?.attributes['http.request.resend_count']).toBeGreaterThan(0);
    expect(heard?.['traceparent']).toContain(attempts.at(-1)?.spanId);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
  });

  it('that waits tells in which trace it wakes its revision, and why it was refused', async () => {
    const { gateway, spans, get } = await stage(1, []);
    const woken = new Promise<string | undefined>((resolve) =>
      gateway.control.onWake((_target, traceparent) => resolve(traceparent)),
    );
    const held = get({ traceparent: `${traceparent}-01` });
    const waker = parseTraceparent(await woken);
    await gateway.control.setTarget('t', undefined);
    expect((await held).answer.status).toBe(503);
    const [wait] = named(spans, 'throttler_try');
    expect(waker).toEqual({ traceId: came.traceId, spanId: wait?.spanId, sampled: true });
    expect(wait?.error).toBe('target-gone');
    expect(named(spans, 'GET /')[0]).toMatchObject({
      error: 'target-gone',
      attributes: { 'ebb.refusal': 'target-gone' },
    });
  });
});

describe('a request that finds no route', () => {
  it('has a span that says so', async () => {
    const { gateway, spans } = await stage(1);
    const answer = await ask(gateway.address.http.port, {
      host: 'who.test',
      headers: { traceparent: `${traceparent}-01` },
    });
    expect(answer.status).toBe(404);
    expect(spans).toMatchObject([
      {
        traceId: came.traceId,
        name: 'GET',
        error: undefined,
        attributes: { 'http.response.status_code': 404, 'ebb.refusal': 'no-route', 'server.address': 'who.test' },
      },
    ]);
  });
});

describe('a request that is not traced', () => {
  it.each([
    ['tracing is off', undefined, {}, undefined],
    ['tracing is off, and a trace came', undefined, { traceparent: `${traceparent}-01` }, `${traceparent}-01`],
    ['whoever sent it decided so', 1, { traceparent: `${traceparent}-00` }, `${traceparent}-00`],
  ])('keeps what it brought: %s', async (_, rate, headers, expected) => {
    const { spans, get } = await stage(rate);
    const { heard } = await get(headers);
    expect([heard?.['traceparent'], spans]).toEqual([expected, []]);
  });

  it('tells the application so, where chance decided it here', async () => {
    const { spans, get } = await stage(1e-9);
    const { heard } = await get();
    expect(parseTraceparent(heard?.['traceparent'] as string)).toMatchObject({ sampled: false });
    expect(spans).toEqual([]);
  });
});
