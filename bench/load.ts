// Load for the benches: closed loop by wrk for CPU per request, open loop by ourselves for latency at a fixed rate.

import { execFile } from 'node:child_process';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { LOAD_CORE } from './processes.ts';

export interface Flood {
  readonly requests: number;
  readonly seconds: number;
  readonly errors: number;
}

/** As many requests as 64 connections carry, by wrk with one thread. */
export async function flood(port: number, host: string, seconds: number): Promise<Flood> {
  const { stdout } = await promisify(execFile)('taskset', [
    '-c',
    LOAD_CORE,
    'wrk',
    '-t1',
    '-c64',
    `-d${seconds}s`,
    '-H',
    `Host: ${host}`,
    `http://127.0.0.1:${port}/`,
  ]);
  const [, requests = '0', took = '1'] = /(\d+) requests in ([\d.]+)s/.exec(stdout) ?? [];
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  const broken = [...stdout.matchAll(/Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/g)].flatMap(
    (match) => match.slice(1).map(Number),
  );
  return { requests: Number(requests), seconds: Number(took), errors: refused + broken.reduce((sum, n) => sum + n, 0) };
}

export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly answered: number;
  readonly errors: number;
}

const CONNECTIONS = 32;

/** Sends `rate` requests a second for `seconds`, on time whether or not answers come; latency counts from the planned moment. Milliseconds. */
export async function steady(port: number, host: string, rate: number, seconds: number): Promise<Latencies> {
  const lanes = await Promise.all(Array.from({ length: CONNECTIONS }, () => Lane.open(port, host)));
  const total = rate * seconds;
  const began = performance.now();
  let sent = 0;
  await new Promise<void>((resolve) => {
    const tick = () => {
      const due = Math.min(total, Math.floor(((performance.now() - began) * rate) / 1000));
      for (; sent < due; sent++) lanes[sent % CONNECTIONS]?.send(began + (sent * 1000) / rate);
      if (sent < total) setTimeout(tick, 1);
      else setTimeout(resolve, 500);
    };
    tick();
  });
  const times = lanes.flatMap((lane) => lane.close()).sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), answered: times.length, errors: total - times.length };
}

/** One keep-alive connection; answers come in the order of the requests. */
class Lane {
  readonly #socket: Socket;
  readonly #request: Buffer;
  readonly #planned: number[] = [];
  readonly #times: number[] = [];
  #text = '';

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#request = Buffer.from(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => socket.destroy());
  }

  static open(port: number, host: string): Promise<Lane> {
    return new Promise((resolve, reject) => {
      const socket = new Socket();
      socket.once('error', reject);
      socket.connect(port, '127.0.0.1', () => resolve(new Lane(socket, host)));
    });
  }

  send(planned: number): void {
    this.#planned.push(planned);
    this.#socket.write(this.#request);
  }

  close(): number[] {
    this.#socket.destroy();
    return this.#times;
  }

  #take(chunk: Buffer): void {
    this.#text += chunk.toString('latin1');
    for (let end = answerEnd(this.#text); end > 0; end = answerEnd(this.#text)) {
      const ok = this.#text.startsWith('HTTP/1.1 200');
      this.#text = this.#text.slice(end);
      const planned = this.#planned.shift();
      if (ok && planned !== undefined) this.#times.push(performance.now() - planned);
    }
  }
}

/** Where the first answer in the text ends; 0 while it is not whole. */
export function answerEnd(text: string): number {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return 0;
  const length = /content-length: (\d+)/i.exec(text.slice(0, head))?.[1];
  if (length !== undefined) return text.length >= head + 4 + Number(length) ? head + 4 + Number(length) : 0;
  const last = text.indexOf('0\r\n\r\n', head + 4);
  return last < 0 ? 0 : last + 5;
}
