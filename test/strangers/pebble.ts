// Pebble, Let's Encrypt's own small ACME server, and a DNS server that finds every name on this machine. It really fetches challenges.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { request } from 'node:https';
import { join } from 'node:path';
import { systemClock } from '#base/mod.ts';
import { KeyFolder } from '#pki/mod.ts';
import { freePort } from './free-port.ts';
import { tool } from './tools.ts';

export interface Pebble {
  /** URL of its directory. */
  readonly directory: string;
  /** By whom the server itself is vouched for, in PEM. */
  readonly caPem: string;
  /** The CA that vouches for what it issues, in PEM; it is another at each start. */
  readonly rootPem: string;
  /** The file that it writes to what it does. */
  readonly log: string;
  stop(): Promise<void>;
}

/** A name that the server refuses to issue for. */
const BLOCKED_DOMAIN = 'blocked-domain.example';
const PATIENCE_MS = 20_000;

/** Somebody else may take a port between the look and the listening. */
const STARTS = 3;

/** `httpPort` is where challenges are fetched; `lifeSeconds` is how long its certificates live. */
export async function startPebble(folder: string, httpPort: number, lifeSeconds = 7_776_000): Promise<Pebble> {
  mkdirSync(folder, { recursive: true });
  for (let starts = 1; ; starts++) {
    try {
      return await startOnce(folder, httpPort, lifeSeconds);
    } catch (error) {
      if (starts >= STARTS) throw error;
      console.error(`${String(error)}; it is started again on other ports`);
    }
  }
}

async function startOnce(folder: string, httpPort: number, lifeSeconds: number): Promise<Pebble> {
  const keys = new KeyFolder(folder, systemClock);
  const { certPem: caPem } = await keys.ca();
  await keys.server('pebble', ['127.0.0.1', 'localhost']);
  const [port, management, dns] = [await freePort(), await freePort(), await freePort()];
  const settings = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: join(folder, 'pebble.crt'),
    privateKey: join(folder, 'pebble.key'),
    httpPort,
    tlsPort: httpPort,
    ocspResponderURL: '',
    externalAccountBindingRequired: false,
    domainBlocklist: [BLOCKED_DOMAIN],
    profiles: { default: { description: 'as they come', validityPeriod: lifeSeconds } },
    retryAfter: { authz: 1, order: 1 },
  };
  const config = join(folder, 'pebble.json');
  writeFileSync(config, JSON.stringify({ pebble: settings }));
  const log = join(folder, 'pebble.log');
  const children: { readonly child: ChildProcess; readonly ended: Promise<unknown> }[] = [];
  const gone: string[] = [];
  const begin = (program: string, args: string[]) => {
    // Without it each look at a challenge begins with a random sleep; the look itself is a real one.
    const env = { ...process.env, PEBBLE_VA_NOSLEEP: '1' };
    const out = openSync(log, 'a');
    const child = spawn(program, args, { env, stdio: ['ignore', out, out] });
    closeSync(out);
    child.once('exit', (code) => gone.push(`${program} ended with code ${code}`));
    children.push({ child, ended: once(child, 'exit') });
  };
  const off = ['-http01', '-https01', '-tlsalpn01', '-doh', '-defaultIPv6'].flatMap((flag) => [flag, '']);
  const names = ['-dnsserver', `127.0.0.1:${dns}`, '-defaultIPv4', '127.0.0.1'];
  begin(await tool('pebble-challtestsrv'), [...names, ...off, '-management', `127.0.0.1:${await freePort()}`]);
  begin(await tool('pebble'), ['-config', config, '-dnsserver', `127.0.0.1:${dns}`, '-strict']);
  const stop = async () => {
    for (const { child } of children) child.kill();
    await Promise.all(children.map(({ ended }) => ended));
  };
  const ca = readFileSync(join(folder, 'ca.crt'));
  try {
    const rootPem = await answered(() => body(`https://127.0.0.1:${management}/roots/0`, ca), gone);
    await answered(() => nameServed(dns), gone);
    return { directory: `https://127.0.0.1:${port}/dir`, caPem, rootPem, log, stop };
  } catch (error) {
    await stop();
    throw new Error(`pebble did not begin: ${readFileSync(log, 'utf8')}`, { cause: error });
  }
}

/** Asks until there is an answer; a program that has ended will not give one. */
async function answered<T>(ask: () => Promise<T>, gone: readonly string[]): Promise<T> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (gone.length > 0) throw new Error(gone.join('; '), { cause: error });
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** What is asked of the name server is an A record, over TCP, as Pebble asks (RFC 1035 §4.2.2); it must answer with that question. */
async function nameServed(port: number): Promise<void> {
  const question = Buffer.from('\x01a\x07example\0\0\x01\0\x01', 'latin1');
  const header = Buffer.from([0x0e, 0xbb, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const message = Buffer.concat([header, question]);
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`the name server at ${port} is silent`)));
  socket.write(Buffer.concat([Buffer.from([0, message.length]), message]));
  for await (const answer of socket as AsyncIterable<Buffer>) if (answer.includes(question)) return;
  throw new Error(`what listens at ${port} is no name server`);
}

function body(url: string, ca: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ca, agent: false, headers: { 'user-agent': 'ebb-tests' } }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`${url}: ${response.statusCode}`)),
      );
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
