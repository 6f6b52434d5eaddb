// Lines of the request log, as a template asks for them.

import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { systemClock } from '#base/mod.ts';
import { afterEach, describe, expect, it } from 'vitest';
import type { Target } from './control.ts';
import { appHere, ask, gatewayHere, ingressTo, targetOf, transports } from './gateway.fixture.ts';

describe.each(transports)('over %s', (_transport, make) => {
  const closers: (() => Promise<unknown> | void)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  /** A gateway before one application, and the lines it logs. */
  async function logging(template: string | undefined, change: Partial<Target> = {}, probes = false) {
    const lines: string[] = [];
    const pods: (string | undefined)[] = [];
    const waiting: (() => void)[] = [];
    const gate = await gatewayHere({
      transport: make(systemClock),
      requestLog: (line, endpoint) => {
        lines.push(line);
        pods.push(endpoint?.name);
        for (const run of waiting) run();
      },
    });
    closers.push(() => gate.close(0));
    const app = await appHere((incoming, response) => {
      incoming.resume();
      if (incoming.url === '/nothing') return void response.writeHead(204).end();
      response.writeHead(incoming.url === '/teapot' ? 418 : 200);
      response.end('five!');
    });
    closers.push(() => app.close());
    const target = targetOf([{ ...app.endpoint, name: 'pod-1' }], {
      service: 'hello',
      configuration: 'hello',
      ...(template === undefined ? {} : { requestLog: { template, probes } }),
      ...change,
    });
    await gate.control.setTarget('t', target);
    await gate.control.setIngress('i', ingressTo('hello.test', 't'));
    const until = (count: number) =>
      new Promise<void>((resolve) => {
        const look = () => lines.length >= count && resolve();
        waiting.push(look);
        look();
      });
    return { http: gate.address.http.port, control: gate.control, lines, pods, until };
  }

  it.each<[string, string, object, string | RegExp]>([
    [
      'the request',
      '{{.Request.Method}} {{.Request.RequestURI}} {{.Request.Host}} {{.Request.Proto}}',
      {},
      'GET /teapot hello.test HTTP/1.1',
    ],
    ['the response', '{{.Response.Code}} {{.Response.Size}}', {}, '418 5'],
    ['how long it took', '{{.Response.Latency}}s', {}, /^\d(\.\d{1,9})?(e-0\d)?s$/],
    [
      'the revision',
      '{{.Revision.Namespace}}/{{.Revision.Name}} {{.Revision.Service}} {{.Revision.Configuration}} {{.Revision.PodName}} {{.Revision.PodIP}}',
      {},
      'default/hello-00001 hello hello pod-1 127.0.0.1',
    ],
    [
      'headers',
      '{{.Request.UserAgent}} {{.Request.Referer}} {{.Request.Header.Get "x-a"}} {{index .Request.Header "X-A" 0}}',
      { 'user-agent': 'u', referer: 'r', 'x-A': '1' },
      'u r 1 1',
    ],
    ['the trace', '{{.TraceID}}', { traceparent: '00-abc-def-01' }, 'abc'],
    ['a trace of B3', '{{.TraceID}}', { 'X-B3-TraceId': 'b3' }, 'b3'],
    ['what could end a string', '"{{js .Request.UserAgent}}"', { 'user-agent': 'a"b' }, '"a\\"b"'],
    [
      'what is not there',
      '{{.Request.Nothing}}',
      {},
      /^Invalid request log template: method: GET, response code: 418, latency: .+, url: \/teapot$/,
    ],
    ['no template', '{{.Request', {}, /^Invalid request log template: /],
  ])('a line has %s', async (_, template, headers, expected) => {
    const { http, lines, pods, until } = await logging(template);
    await ask(http, { path: '/teapot', headers: headers as Record<string, string> });
    await until(1);
    if (typeof expected === 'string') expect(lines).toEqual([expected]);
    else expect(lines[0]).toMatch(expected);
    expect(pods).toEqual(['pod-1']);
  });

  it('a request over HTTP/2 says so, and a body its length', async () => {
    const { http, lines, until } = await logging(
      '{{.Request.Proto}} {{.Request.ContentLength}} {{.Request.URL.Path}} {{.Request.URL.Query.Get "q"}}',
    );
    const session = connectHttp2(`http://127.0.0.1:${http}`);
    closers.push(() => session.destroy());
    const stream = session.request({ ':path': '/a%20b?q=1', ':authority': 'hello.test', ':method': 'POST' });
    stream.resume().end('words');
    await until(1);
    await ask(http, { method: 'POST', body: 'words', path: '/x' });
    await until(2);
    expect(lines).toEqual(['HTTP/2.0 -1 /a b 1', 'HTTP/1.1 5 /x ']);
  });

  it('an answer without a body has its own code', async () => {
    const { http, lines, until } = await logging('{{.Response.Code}} {{.Response.Size}}');
    await ask(http, { path: '/nothing' });
    await ask(http, { path: '/teapot', method: 'HEAD' });
    await until(2);
    expect(lines).toEqual(['204 0', '418 0']);
  });

  it('refusals and clients that leave are logged, too', async () => {
    const { http, control, lines, pods, until } = await logging('{{.Response.Code}}', { endpoints: [], timeoutMs: 50 });
    await ask(http);
    await until(1);
    await control.setTarget('t', targetOf([], { requestLog: { template: '{{.Response.Code}}', probes: false } }));
    const leaving = connect(http, '127.0.0.1');
    leaving.write('GET / HTTP/1.1\r\nHost: hello.test\r\n\r\n', () => leaving.destroy());
    await until(2);
    expect([lines, pods]).toEqual([
      ['504', '499'],
      [undefined, undefined],
    ]);
  });

  it('probes are logged only where that is asked for', async () => {
    const quiet = await logging('{{.Request.Header.Get "K-Network-Probe"}}');
    await ask(quiet.http, { headers: { 'k-network-probe': 'queue' } });
    expect(quiet.lines).toEqual([]);
    const told = await logging('{{.Request.Header.Get "K-Network-Probe"}} {{.Response.Code}}', {}, true);
    await ask(told.http, { headers: { 'k-network-probe': 'queue' } });
    await told.until(1);
    expect(told.lines).toEqual(['queue 200']);
  });

  it('a new template counts from the next request on, and none stops the log', async () => {
    const { http, control, lines, until } = await logging('one');
    await ask(http);
    await until(1);
    await control.setTarget('t', targetOf([], { timeoutMs: 10, requestLog: { template: 'two', probes: false } }));
    await ask(http);
    await until(2);
    await control.setTarget('t', targetOf([], { timeoutMs: 10 }));
    await ask(http);
    expect(lines).toEqual(['one', 'two']);
  });
});
