// Which endpoint a request goes to beyond host and share: its client's own, one chosen by header or cookie, another port, a copy.

import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { systemClock } from '#base/mod.ts';
import { createMetrics, exposition } from '#telemetry/mod.ts';
import { afterEach, describe, expect, it } from 'vitest';
import type { Endpoint, GatewayControl, PathRule } from './control.ts';
import type { App } from './gateway.fixture.ts';
import { appHere, ask, gatewayHere, ingressTo, targetOf, transports } from './gateway.fixture.ts';
import { MAX_COPIED_BYTES } from './mirror.ts';

describe.each(transports)('over %s', (_transport, make) => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function gateway() {
    const metrics = createMetrics();
    const made = await gatewayHere({ transport: make(systemClock), metrics });
    closers.push(() => made.close(0));
    return { control: made.control, http: made.address.http.port, metrics };
  }

  /** An application that answers with its name and what was asked. */
  async function app(name: string, note: (incoming: IncomingMessage) => void = () => {}): Promise<App> {
    const made = await appHere((incoming, response) => {
      note(incoming);
      incoming.resume().on('end', () => response.end(name));
    }, name);
    closers.push(() => made.close());
    return made;
  }

  describe('session affinity', () => {
    const affinity = { cookie: 'ebb-affinity', maxAgeSeconds: 60 };
    const ready = (apps: readonly App[]): Endpoint[] => apps.map(({ endpoint }) => endpoint);

    async function two(change = {}): Promise<{ http: number; control: GatewayControl; apps: App[] }> {
      const { http, control } = await gateway();
      const apps = [await app('a'), await app('b'), await app('c')];
      await control.setTarget('t', targetOf(ready(apps), change));
      await control.setIngress('i', ingressTo('hello.test', 't', { affinity }));
      return { http, control, apps };
    }

    const cookieOf = (headers: Record<string, unknown>) => String(headers['set-cookie']).split(';')[0] ?? '';

    it('leads a client back to the endpoint that answered it first, and says it once', async () => {
      const { http } = await two();
      const first = await ask(http);
      expect(String(first.headers['set-cookie'])).toMatch(
        /^ebb-affinity=[\w-]{16}; Path=\/; Max-Age=60; HttpOnly; SameSite=Lax$/,
      );
      const cookie = cookieOf(first.headers);
      for (let i = 0; i < 10; i++) {
        const again = await ask(http, { headers: { cookie: `x=1; ${cookie}` } });
        expect([again.body, again.headers['set-cookie']]).toEqual([first.body, undefined]);
      }
      const others = await Promise.all(Array.from({ length: 20 }, () => ask(http)));
      expect(new Set(others.map(({ body }) => body)).size).toBeGreaterThan(1);
    });

    it('leads elsewhere when the endpoint is gone, and stays there', async () => {
      const { http, control, apps } = await two();
      const first = await ask(http);
      const left = apps.filter(({ endpoint }) => endpoint.id !== first.body);
      await control.setTarget('t', targetOf(ready(left)));
      const second = await ask(http, { headers: { cookie: cookieOf(first.headers) } });
      expect(second.body).not.toBe(first.body);
      const third = await ask(http, { headers: { cookie: cookieOf(second.headers) } });
      expect([third.body, third.headers['set-cookie']]).toEqual([second.body, undefined]);
    });

    it('keeps to the revision, too, where traffic is shared out', async () => {
      const { http, control } = await gateway();
      for (const name of ['a', 'b']) await control.setTarget(name, targetOf([(await app(name)).endpoint]));
      const splits = [
        { target: 'a', percent: 50 },
        { target: 'b', percent: 50 },
      ];
      await control.setIngress('i', ingressTo('hello.test', 'a', { affinity, splits }));
      const first = await ask(http);
      const cookie = cookieOf(first.headers);
      for (let i = 0; i < 10; i++) expect((await ask(http, { headers: { cookie } })).body).toBe(first.body);
    });

    it('lets another help out where the own endpoint is busy, without moving the client', async () => {
      const { http, control } = await gateway();
      const inside = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      const slow = await appHere((incoming, response) => {
        if (incoming.url !== '/slow') return void response.end('slow');
        inside.resolve();
        void goOn.promise.then(() => response.end('slow'));
      }, 'slow');
      closers.push(() => slow.close());
      await control.setTarget('t', targetOf([slow.endpoint], { concurrency: 1 }));
      await control.setIngress('i', ingressTo('hello.test', 't', { affinity }));
      const cookie = cookieOf((await ask(http)).headers);
      await control.setTarget('t', targetOf([slow.endpoint, (await app('b')).endpoint], { concurrency: 1 }));
      const held = ask(http, { path: '/slow', headers: { cookie } });
      await inside.promise;
      const helped = await ask(http, { headers: { cookie } });
      expect([helped.body, helped.headers['set-cookie']]).toEqual(['b', undefined]);
      goOn.resolve();
      expect((await held).body).toBe('slow');
    });
  });

  it.each([
    ['no cookie', {}, 'main'],
    ['the cookie', { cookie: 'a=1; beta=yes' }, 'beta'],
    ['another value', { cookie: 'beta=no' }, 'main'],
    ['a cookie whose name ends alike', { cookie: 'xbeta=yes' }, 'main'],
    ['the cookie and a header', { cookie: 'beta=yes', 'x-group': 'testers' }, 'testers'],
  ])('a rule asks for a cookie: %s', async (_, headers, expected) => {
    const { http, control } = await gateway();
    for (const name of ['main', 'beta', 'testers'])
      await control.setTarget(name, targetOf([(await app(name)).endpoint]));
    const to = (target: string, rule: Partial<PathRule>) => ({
      prefix: '/',
      splits: [{ target, percent: 100 }],
      ...rule,
    });
    const paths = [
      to('testers', { cookies: { beta: 'yes' }, headers: { 'X-Group': 'testers' } }),
      to('beta', { cookies: { beta: 'yes' } }),
      to('main', {}),
    ];
    await control.setIngress('i', { rules: [{ hosts: ['hello.test'], visibility: 'external', paths }] });
    expect((await ask(http, { headers })).body).toBe(expected);
  });

  it('a further port is reached by its own path, under the same limits', async () => {
    const { http, control } = await gateway();
    const [main, admin] = [await app('main'), await app('admin')];
    const endpoint = { ...main.endpoint, ports: { admin: admin.port } };
    await control.setTarget('t', targetOf([endpoint]));
    const paths = [
      { prefix: '/', splits: [{ target: 't', percent: 100 }] },
      { prefix: '/admin', splits: [{ target: 't', percent: 100, port: 'admin' }] },
      { prefix: '/other', splits: [{ target: 't', percent: 100, port: 'other' }] },
    ];
    await control.setIngress('i', { rules: [{ hosts: ['hello.test'], visibility: 'external', paths }] });
    expect((await ask(http, { path: '/x' })).body).toBe('main');
    expect((await ask(http, { path: '/admin/x' })).body).toBe('admin');
    expect(await ask(http, { path: '/other' })).toMatchObject({
      status: 502,
      body: 'the endpoint has no port other\n',
    });
  });

  it('a full queue is told as 429 with a time to try again, where the revision asks for that', async () => {
    const { http, control } = await gateway();
    const woken = Promise.withResolvers<string>();
    control.onWake(woken.resolve);
    await control.setTarget('t', targetOf([], { maxWaiting: 1, fullStatus: 429 }));
    await control.setIngress('i', ingressTo('hello.test', 't'));
    const first = ask(http);
    await woken.promise;
    expect(await ask(http)).toMatchObject({
      status: 429,
      body: 'pending request queue full\n',
      headers: { 'retry-after': '1', 'ebb-refusal': 'too-many-requests' },
    });
    await control.setTarget('t', undefined);
    expect((await first).status).toBe(503);
  });

  describe('a mirror', () => {
    interface Copied {
      readonly method: string;
      readonly url: string;
      readonly body: string;
      readonly mark: unknown;
    }

    /** A gateway that copies what goes to `main` to `shadow`; gives the copies as they come. */
    async function mirrored(percent = 100, shadowIs: (answer: () => void) => void = (answer) => answer()) {
      const gate = await gateway();
      const copies: Copied[] = [];
      let tell: (() => void) | undefined;
      const shadow = await appHere((incoming, response) => {
        let body = '';
        incoming.setEncoding('utf8').on('data', (text: string) => (body += text));
        incoming.on('end', () => {
          const { method = '', url = '', headers } = incoming;
          copies.push({ method, url, body, mark: headers['ebb-mirrored'] });
          tell?.();
          shadowIs(() => response.writeHead(500).end('nobody reads this'));
        });
      }, 'shadow');
      closers.push(() => shadow.close());
      const main = await app('main');
      await gate.control.setTarget('main', targetOf([main.endpoint]));
      await gate.control.setTarget('shadow', targetOf([shadow.endpoint]));
      const mirror = { split: { target: 'shadow', percent: 100 }, percent };
      await gate.control.setIngress('i', ingressTo('hello.test', 'main', { mirror }));
      const until = (count: number) =>
        new Promise<void>((resolve) => {
          tell = () => copies.length >= count && resolve();
          tell();
        });
      return { ...gate, copies, until, shadow };
    }

    it('gets the same requests, and its answers go nowhere', async () => {
      const { http, copies, until } = await mirrored();
      expect((await ask(http, { path: '/a?b' })).body).toBe('main');
      await until(1);
      expect((await ask(http, { method: 'POST', body: 'words' })).body).toBe('main');
      await until(2);
      expect(copies).toEqual([
        { method: 'GET', url: '/a?b', body: '', mark: 'true' },
        { method: 'POST', url: '/', body: 'words', mark: 'true' },
      ]);
    });

    it('never holds a request up: not when it is silent, nor when it is gone', async () => {
      const { http, until, shadow, control } = await mirrored(100, () => {});
      for (let i = 0; i < 5; i++) expect((await ask(http)).body).toBe('main');
      await until(5);
      await control.setTarget('shadow', targetOf([]));
      expect((await ask(http)).body).toBe('main');
      await control.setTarget('shadow', undefined);
      expect((await ask(http, { method: 'POST', body: 'x' })).body).toBe('main');
      await shadow.close();
    });

    it('gets no body that is too large, whether its length is told or not', async () => {
      const { http, copies, metrics, until } = await mirrored();
      const large = 'x'.repeat(MAX_COPIED_BYTES + 1);
      expect((await ask(http, { method: 'POST', body: large })).body).toBe('main');
      const answer = await new Promise<IncomingMessage>((resolve) => {
        const outgoing = request({ host: '127.0.0.1', port: http, method: 'POST', headers: { host: 'hello.test' } });
        outgoing.once('response', resolve);
        outgoing.write(large);
        outgoing.end();
      });
      answer.resume();
      await ask(http, { path: '/last' });
      await until(1);
      expect(copies.map(({ url }) => url)).toEqual(['/last']);
      expect(exposition(metrics.families())).toContain('ebb_gateway_mirrored_total{outcome="too-large"} 2\n');
      expect(exposition(metrics.families())).toContain('ebb_gateway_mirrored_total{outcome="sent"} 1\n');
    });

    it('gets its share', async () => {
      const { http, metrics } = await mirrored(20);
      for (let i = 0; i < 100; i++) await ask(http);
      const [, sent = '0'] = /mirrored_total\{outcome="sent"\} (\d+)/.exec(exposition(metrics.families())) ?? [];
      expect(Number(sent)).toBeGreaterThan(5);
      expect(Number(sent)).toBeLessThan(40);
    });
  });
});
