// TLS by server name, HTTP/2 by ALPN, and certificates that change while the gateway runs.

import 'reflect-metadata';
import { EventEmitter, once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { Agent, request } from 'node:https';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { systemClock } from '#base/mod.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { App } from './gateway.fixture.ts';
import { appHere, gatewayHere, ingressTo, targetOf, transports } from './gateway.fixture.ts';
import { askInMemory } from './in-memory.ts';
import type { Gateway } from './server.ts';

/** A certificate that vouches for itself. */
async function certificate(host: string): Promise<{ hosts: string[]; certPem: string; keyPem: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${host}`,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date('2020-01-01'),
    notAfter: new Date('2120-01-01'),
    extensions: [
      new BasicConstraintsExtension(true),
      new SubjectAlternativeNameExtension([{ type: 'dns', value: host }]),
    ],
  });
  return {
    hosts: [host],
    certPem: made.toString('pem'),
    keyPem: PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY'),
  };
}

/** What comes back for these bytes without TLS. */
async function plainly(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(text);
  return Buffer.concat(await socket.toArray()).toString();
}

/** One exchange over an agent's connection, and that connection. */
function answerOf(agent: Agent, port: number, host: string): Promise<{ socket: TLSSocket; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, agent, headers: { host } }, (response) => {
      let body = '';
      const socket = response.socket as TLSSocket;
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve({ socket, body }));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

describe.each(transports)('over %s', (_transport, make) => {
  let gateway: Gateway;
  let app: App;
  let port = 0;

  function ask(servername: string, ca: string, host = servername): Promise<[number | undefined, string]> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        { host: '127.0.0.1', port, servername, ca, headers: { host }, agent: false },
        (response: IncomingMessage) => {
          let body = '';
          response.on('data', (chunk: Buffer) => (body += chunk.toString()));
          response.on('end', () => resolve([response.statusCode, body]));
        },
      );
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  beforeAll(async () => {
    gateway = await gatewayHere({ transport: make(systemClock), ports: { http: 0, https: 0 } });
    port = gateway.address.https?.port ?? 0;
    app = await appHere((incoming, response) =>
      response.end(`${String(incoming.headers['x-forwarded-proto'])} ${incoming.headers.host}`),
    );
    await gateway.control.setTarget('t', targetOf([app.endpoint]));
  });

  afterAll(async () => {
    await gateway.close(0);
    await app.close();
  });

  describe('https', () => {
    it('shows each name its certificate, exact before wildcard, and refuses a name it has none for', async () => {
      const exact = await certificate('a.shop.test');
      const wild = await certificate('*.shop.test');
      await gateway.control.setIngress('a', { ...ingressTo('a.shop.test', 't'), tls: [exact] });
      await gateway.control.setIngress('b', { ...ingressTo('b.shop.test', 't'), tls: [wild] });
      expect(await ask('a.shop.test', exact.certPem)).toEqual([200, 'https a.shop.test']);
      expect(await ask('b.shop.test', wild.certPem)).toEqual([200, 'https b.shop.test']);
      await expect(ask('other.test', wild.certPem)).rejects.toThrow('unrecognized name');
      await gateway.control.setIngress('b', undefined);
      await expect(ask('b.shop.test', wild.certPem)).rejects.toThrow('unrecognized name');
    });

    it('takes a new certificate for the next connection', async () => {
      const [before, after] = [await certificate('c.test'), await certificate('c.test')];
      await gateway.control.setIngress('c', { ...ingressTo('c.test', 't'), tls: [before] });
      expect((await ask('c.test', before.certPem))[0]).toBe(200);
      await gateway.control.setIngress('c', { ...ingressTo('c.test', 't'), tls: [after] });
      await expect(ask('c.test', before.certPem)).rejects.toThrow();
      expect((await ask('c.test', after.certPem))[0]).toBe(200);
    });

    it('lets connections that are open go on with the certificate they began with', async () => {
      const [before, after] = [await certificate('k.test'), await certificate('k.test')];
      await gateway.control.setIngress('k', { ...ingressTo('k.test', 't'), tls: [before] });
      const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: before.certPem, servername: 'k.test' });
      const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: before.certPem, servername: 'k.test' });
      const overHttp1 = async () => {
        const { socket, body } = await answerOf(agent, port, 'k.test');
        return [socket.getPeerX509Certificate()?.toString(), body, socket.localPort];
      };
      const overHttp2 = async () => {
        const stream = session.request({ ':authority': 'k.test' });
        return (await stream.setEncoding('utf8').toArray()).join('');
      };
      const first = await overHttp1();
      expect([first[1], await overHttp2()]).toEqual(['https k.test', 'https k.test']);
      await gateway.control.setIngress('k', { ...ingressTo('k.test', 't'), tls: [after] });
      expect(await overHttp1()).toEqual(first);
      expect(await overHttp2()).toBe('https k.test');
      expect((await ask('k.test', after.certPem))[0]).toBe(200);
      agent.destroy();
      session.destroy();
    });

    it('refuses a key that does not fit, and keeps what it had', async () => {
      const [one, other] = [await certificate('d.test'), await certificate('d.test')];
      await gateway.control.setIngress('d', { ...ingressTo('d.test', 't'), tls: [one] });
      await expect(
        gateway.control.setIngress('d', { ...ingressTo('d.test', 't'), tls: [{ ...one, keyPem: other.keyPem }] }),
      ).rejects.toThrow();
      expect((await ask('d.test', one.certPem))[0]).toBe(200);
    });

    it('serves names inside by an internal door alone', async () => {
      const inner = await gatewayHere({ transport: make(systemClock), ports: { http: 0, https: 0, internalTls: 0 } });
      const cert = await certificate('f.default.svc.cluster.local');
      await inner.control.setTarget('t', targetOf([app.endpoint]));
      const { rules } = ingressTo('f.default.svc.cluster.local', 't');
      const hidden = rules.map((rule) => ({ ...rule, visibility: 'internal' as const }));
      await inner.control.setIngress('f', { rules: hidden, tls: [cert] });
      const host = 'f.default.svc.cluster.local';
      const agent = new Agent({ ca: cert.certPem, servername: host });
      const [inside, outside] = [inner.address.internalTls?.port ?? 0, inner.address.https?.port ?? 0];
      expect((await answerOf(agent, inside, host)).body).toBe(`https ${host}`);
      expect((await answerOf(agent, outside, host)).body).toContain('no route');
      await inner.close(0);
    });

    it('sends who speaks without TLS to where it is spoken', async () => {
      const cert = await certificate('g.test');
      await gateway.control.setIngress('g', { ...ingressTo('g.test', 't'), tls: [cert] });
      expect(await plainly(port, `GET /a?b HTTP/1.1\r\nHost: g.test:${port}\r\nConnection: close\r\n\r\n`)).toMatch(
        new RegExp(`^HTTP/1.1 301 [^]*\r\nLocation: https://g.test:${port}/a\\?b\r\n`),
      );
      expect(await plainly(port, 'GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.[01] 400 [^]*this port speaks TLS/);
      expect(await plainly(port, 'HELO there\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
      expect((await ask('g.test', cert.certPem))[0]).toBe(200);
    });

    it('speaks HTTP/2 to whom asks for it', async () => {
      const cert = await certificate('e.test');
      await gateway.control.setIngress('e', { ...ingressTo('e.test', 't'), tls: [cert] });
      const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: cert.certPem, servername: 'e.test' });
      const stream = session.request({ ':authority': 'e.test' });
      expect((await stream.setEncoding('utf8').toArray()).join('')).toBe('https e.test');
      session.destroy();
    });
  });

  describe('a line of the request log', () => {
    const template =
      '{{.Response.Code}} {{with .Request.TLS}}{{.Version}} {{.CipherSuite}} {{.NegotiatedProtocol}} {{.ServerName}}{{else}}plain{{end}}';

    /** A gateway that logs, its ports, and the lines to come. */
    async function logging() {
      const lines: string[] = [];
      const cert = await certificate('l.test');
      const seen = new EventEmitter();
      const gate = await gatewayHere({
        transport: make(systemClock),
        ports: { http: 0, https: 0 },
        requestLog: (line) => seen.emit('line', lines.push(line)),
      });
      await gate.control.setTarget('t', targetOf([app.endpoint], { requestLog: { template, probes: false } }));
      await gate.control.setIngress('l', { ...ingressTo('l.test', 't'), tls: [cert] });
      const until = async (count: number) => {
        while (lines.length < count) await once(seen, 'line');
        return lines;
      };
      const options = {
        host: '127.0.0.1',
        port: gate.address.https?.port ?? 0,
        ca: cert.certPem,
        servername: 'l.test',
      };
      return { gate, options, until };
    }

    it.each<[string, ConnectionOptions, string]>([
      ['TLS 1.3', { ALPNProtocols: ['http/1.1'], ciphers: 'TLS_AES_128_GCM_SHA256' }, '200 772 4865 http/1.1 l.test'],
      [
        'TLS 1.2, without ALPN',
        { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
        '200 771 49196  l.test',
      ],
    ])('tells %s', async (_, change, line) => {
      const { gate, options, until } = await logging();
      const socket = connectTls({ ...options, ...change });
      socket.write('GET / HTTP/1.1\r\nHost: l.test\r\nConnection: close\r\n\r\n');
      expect(await until(1)).toEqual([line]);
      await gate.close(0);
    });

    it('tells the TLS of HTTP/2, and of a client that has left', async () => {
      const { gate, options, until } = await logging();
      const session = connectHttp2(`https://127.0.0.1:${options.port}`, options);
      await session.request({ ':authority': 'l.test' }).resume().toArray();
      expect((await until(1))[0]).toMatch(/^200 772 \d+ h2 l\.test$/);
      session.destroy();
      await gate.control.setTarget('t', targetOf([], { requestLog: { template, probes: false } }));
      const woken = new Promise((resolve) => gate.control.onWake(resolve));
      const leaving = connectTls({ ...options, ALPNProtocols: ['http/1.1'] });
      leaving.write('GET / HTTP/1.1\r\nHost: l.test\r\n\r\n');
      await woken;
      leaving.destroy();
      expect((await until(2))[1]).toMatch(/^499 772 \d+ http\/1\.1 l\.test$/);
      await gate.close(0);
    });

    it('tells none where there was none', async () => {
      const { gate, until } = await logging();
      await plainly(gate.address.http.port, 'GET / HTTP/1.1\r\nHost: l.test\r\nConnection: close\r\n\r\n');
      const within = { method: 'GET', target: '/', authority: 'l.test', scheme: 'https', headers: [] } as const;
      const limits = { signal: new AbortController().signal, maxBytes: 1000 };
      await askInMemory((one) => gate.serve(one, 'external'), { ...within, body: new Uint8Array(0) }, limits);
      expect(await until(2)).toEqual(['200 plain', '200 plain']);
      await gate.close(0);
    });
  });
});
