// Bodies far larger than memory pass through the gateway both ways, while whoever takes them is slower than whoever sends.

import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer as createHttp1, request } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2 } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

type Protocol = 'http1' | 'h2c';

export interface Passed {
  readonly protocol: Protocol;
  readonly direction: 'up' | 'down';
  readonly bytes: number;
  /** MiB of the gateway's process, before and at most. */
  readonly memory: readonly [number, number];
  readonly seconds: number;
}

export interface BodiesSummary {
  readonly passed: readonly Passed[];
  readonly wrong: readonly string[];
}

/** However large the body is. */
const MOST_GROWTH_MIB = 50;
const WARM_UP = 32 * 1024 * 1024;
const CHUNK = 256 * 1024;
const SAMPLE_MS = 20;
const HOST = 'hello.test';

export async function soakBodies(options: {
  readonly bytes: number;
  readonly say: (text: string) => void;
}): Promise<BodiesSummary> {
  const passed: Passed[] = [];
  for (const protocol of ['http1', 'h2c'] as const) {
    for (const direction of ['up', 'down'] as const) {
      passed.push(await pass(protocol, direction, options.bytes));
      options.say(JSON.stringify(passed.at(-1)));
    }
  }
  return { passed, wrong: passed.flatMap((one) => faultsOf(one, options.bytes)) };
}

function faultsOf({ protocol, direction, bytes, memory }: Passed, wanted: number): string[] {
  const way = `${protocol} ${direction}`;
  const grown = memory[1] - memory[0];
  return [
    ...(bytes === wanted ? [] : [`${way}: ${bytes} of ${wanted} bytes arrived`]),
    ...(grown <= MOST_GROWTH_MIB ? [] : [`${way}: memory grew by ${grown} MiB`]),
  ];
}

async function pass(protocol: Protocol, direction: Passed['direction'], bytes: number): Promise<Passed> {
  const app = await listen(protocol);
  const gateway = fork(
    fileURLToPath(new URL('gateway-alone.ts', import.meta.url)),
    [String((app.address() as AddressInfo).port), protocol],
    { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] },
  );
  try {
    const port = Number(await firstLine(gateway));
    // What a process takes once, until its collector has found its pace, does not grow with the body.
    await exchange(protocol, port, direction, WARM_UP);
    const before = residentMib(gateway);
    let most = before;
    const sampling = setInterval(() => (most = Math.max(most, residentMib(gateway))), SAMPLE_MS);
    const begun = performance.now();
    const arrived = await exchange(protocol, port, direction, bytes).finally(() => clearInterval(sampling));
    const seconds = Math.round((performance.now() - begun) / 100) / 10;
    return { protocol, direction, bytes: arrived, memory: [before, most], seconds };
  } finally {
    gateway.kill('SIGKILL');
    app.close();
    if ('closeAllConnections' in app) (app as { closeAllConnections(): void }).closeAllConnections();
  }
}

/** POST is read slowly and answered with its length; GET /N gives N bytes. */
async function listen(protocol: Protocol): Promise<Server> {
  const server =
    protocol === 'http1'
      ? createHttp1((incoming, response) => {
          if (incoming.method === 'POST') void answerLength(incoming, response);
          else void pipeline(bytesOf(Number(incoming.url?.slice(1))), response).catch(() => {});
        })
      : createHttp2((incoming, response) => {
          if (incoming.method === 'POST') void answerLength(incoming, response);
          else void pipeline(bytesOf(Number(incoming.url.slice(1))), response).catch(() => {});
        });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function answerLength(incoming: Readable, response: Writable): Promise<void> {
  response.end(String(await countSlowly(incoming).catch(() => -1)));
}

function bytesOf(count: number): Readable {
  const chunk = Buffer.alloc(CHUNK, 'x');
  let left = count;
  return new Readable({
    read() {
      const size = Math.min(left, CHUNK);
      left -= size;
      this.push(size === 0 ? null : chunk.subarray(0, size));
    },
  });
}

/** Rests in the event loop between pieces, so that the sender is the faster. */
async function countSlowly(source: Readable): Promise<number> {
  let count = 0;
  let pieces = 0;
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      count += chunk.length;
      if (++pieces % 8 === 0) setTimeout(done, 1);
      else done();
    },
  });
  await pipeline(source, sink);
  return count;
}

/** How many bytes arrived, as whoever took them has counted. */
async function exchange(
  protocol: Protocol,
  port: number,
  direction: Passed['direction'],
  bytes: number,
): Promise<number> {
  const method = direction === 'up' ? 'POST' : 'GET';
  const path = direction === 'up' ? '/' : `/${bytes}`;
  if (protocol === 'h2c') {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    try {
      const stream = session.request({ ':method': method, ':path': path, ':authority': HOST });
      return await conclude(stream, stream, direction, bytes);
    } finally {
      session.destroy();
    }
  }
  const outgoing = request({ host: '127.0.0.1', port, method, path, headers: { host: HOST }, agent: false });
  const answered = new Promise<Readable>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
  });
  return conclude(outgoing, answered, direction, bytes);
}

async function conclude(
  out: Writable,
  back: Readable | Promise<Readable>,
  direction: Passed['direction'],
  bytes: number,
): Promise<number> {
  if (direction === 'down') {
    out.end();
    return countSlowly(await back);
  }
  bytesOf(bytes).pipe(out);
  const text = (await (await back).setEncoding('utf8').toArray()).join('');
  return Number(text);
}

function firstLine({ stdout }: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    stdout?.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
    stdout?.once('end', () => reject(new Error('the gateway ended before it listened')));
  });
}

function residentMib({ pid }: ChildProcess): number {
  const [, kib = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kib) / 1024);
}
