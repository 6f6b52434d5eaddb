// Load at a planned pace, on as many connections as it takes: a request goes out at its moment whether or not earlier ones were answered.

import { Socket } from 'node:net';
import { answerEnd } from './load.ts';

/** So many requests a second, for so long. */
export interface Pace {
  readonly rate: number;
  readonly seconds: number;
}

export interface Target {
  readonly port: number;
  readonly host: string;
  /** With its query. */
  readonly path: string;
}

/** What came of a plan. Times are milliseconds from the planned moment to the last byte of the answer. */
export interface Paced {
  readonly planned: number;
  /** Those that went out before the plan was over. */
  readonly sent: number;
  /** Broken connections, answers other than 200, and no answer at all. */
  readonly errors: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** How long answers are waited for once the plan is over. */
const LATE_MS = 30_000;

/** Plays a plan against a target. */
export async function playPlan(target: Target, plan: readonly Pace[]): Promise<Paced> {
  const moments = plannedMoments(plan);
  const over = plan.reduce((sum, { seconds }) => sum + seconds * 1000, 0);
  const pool = new Pool(target);
  const began = performance.now();
  let next = 0;
  let sent = 0;
  while (next < moments.length) {
    const now = performance.now() - began;
    for (; next < moments.length && (moments[next] ?? 0) <= now; next++) {
      pool.send(began + (moments[next] ?? 0));
      if (now <= over) sent++;
    }
    await pause(1);
  }
  const end = performance.now() + LATE_MS;
  while (pool.waiting > 0 && performance.now() < end) await pause(10);
  const times = pool.close().sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  const planned = moments.length;
  return { planned, sent, errors: planned - times.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}

/** Milliseconds from the beginning, in order. */
export function plannedMoments(plan: readonly Pace[]): number[] {
  const moments: number[] = [];
  let from = 0;
  for (const { rate, seconds } of plan) {
    const count = Math.round(rate * seconds);
    for (let index = 0; index < count; index++) moments.push(from + (index * 1000) / rate);
    from += seconds * 1000;
  }
  return moments;
}

const pause = (time: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, time));

/** Connections that are kept alive, each with one request at a time. */
class Pool {
  readonly #target: Target;
  readonly #request: Buffer;
  readonly #all = new Set<Connection>();
  readonly #idle: Connection[] = [];
  readonly #times: number[] = [];
  /** Requests without an answer so far. */
  waiting = 0;

  constructor(target: Target) {
    this.#target = target;
    this.#request = Buffer.from(`GET ${target.path} HTTP/1.1\r\nHost: ${target.host}\r\n\r\n`);
  }

  send(planned: number): void {
    this.waiting++;
    const connection = this.#idle.pop() ?? this.#open();
    connection.ask(this.#request, (ok, reusable) => {
      this.waiting--;
      if (ok) this.#times.push(performance.now() - planned);
      if (reusable) this.#idle.push(connection);
    });
  }

  /** Times of all that were answered with 200. */
  close(): number[] {
    for (const connection of this.#all) connection.end();
    return this.#times;
  }

  #open(): Connection {
    const connection = new Connection(this.#target.port, () => {
      this.#all.delete(connection);
      const at = this.#idle.indexOf(connection);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    this.#all.add(connection);
    return connection;
  }
}

type Answered = (ok: boolean, reusable: boolean) => void;

class Connection {
  readonly #socket = new Socket();
  #text = '';
  #answered: Answered | undefined;

  constructor(port: number, closed: () => void) {
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.on('close', () => {
      closed();
      this.#settle(false, false);
    });
    this.#socket.connect(port, '127.0.0.1');
  }

  ask(request: Buffer, answered: Answered): void {
    this.#answered = answered;
    this.#socket.write(request);
  }

  end(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#text += chunk.toString('latin1');
    if (answerEnd(this.#text) === 0) return;
    const ok = this.#text.startsWith('HTTP/1.1 200');
    const closes = /^connection: close\r$/im.test(this.#text);
    this.#text = '';
    this.#settle(ok, !closes);
  }

  #settle(ok: boolean, reusable: boolean): void {
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.(ok, reusable);
  }
}
