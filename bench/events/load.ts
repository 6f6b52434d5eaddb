// The load of the events' bench: events published on so many connections, one at a time on each, the next as soon as the one before
// is acknowledged, or at planned moments.

import { Socket } from 'node:net';
import { createHistogram } from 'node:perf_hooks';
import { cpuSeconds } from '../processes.ts';
import type { Place, Protocol, Speech } from './wire.ts';
import { SPEECHES } from './wire.ts';

export interface Load extends Place {
  readonly protocol: Protocol;
  readonly port: number;
  readonly connections: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Events a second at planned moments; without one as many as there is room for. */
  readonly rate?: number;
  /** No more than so many in all. */
  readonly events?: number;
  /** Of the server, whose CPU is read. */
  readonly pids?: readonly number[];
}

export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface Published extends Latencies {
  /** Acknowledged once warmed up, and in how many seconds. */
  readonly events: number;
  readonly seconds: number;
  /** Of the server, meanwhile. */
  readonly cpuSeconds: number;
}

/** Milliseconds, gathered. */
export class Stopwatch {
  readonly #histogram = createHistogram();

  get count(): number {
    return this.#histogram.count;
  }

  note(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * 1000)));
  }

  read(): Latencies {
    const at = (percent: number) => this.#histogram.percentile(percent) / 1000;
    return { p50: at(50), p99: at(99), max: at(100) };
  }
}

/** A connection that is kept, with one request at a time. */
class Lane {
  readonly #socket = new Socket();
  readonly #speech: Speech;
  #text = '';
  since = 0;

  constructor({ protocol, port, ...place }: Load, onAnswer: (lane: Lane) => void) {
    this.#speech = SPEECHES[protocol](place);
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1');
      if (this.since === 0 || !this.#speech.isAnswer(this.#text)) return;
      this.#text = '';
      onAnswer(this);
    });
    this.#socket.on('error', (error) => {
      throw error;
    });
    this.#socket.connect(port, '127.0.0.1');
    if (this.#speech.hello !== '') this.#socket.write(this.#speech.hello);
  }

  send(number: number, since: number): void {
    this.since = since;
    this.#socket.write(this.#speech.request(number));
  }

  end(): void {
    this.#socket.destroy();
  }
}

/** `onSend` hears of each event when it is sent, with the moment from which its time counts. */
export function publish(load: Load, onSend: (number: number, since: number) => void = () => {}): Promise<Published> {
  const { connections, warmUpSeconds, seconds, rate, events: most = Infinity, pids = [] } = load;
  const latencies = new Stopwatch();
  const began = performance.now();
  const counted = began + warmUpSeconds * 1000;
  const over = counted + seconds * 1000;
  const idle: Lane[] = [];
  const late: number[] = [];
  let [sent, answered, cpuBefore] = [0, 0, 0];
  const cpu = () => cpuSeconds(pids, true);
  setTimeout(() => (cpuBefore = cpu()), warmUpSeconds * 1000);
  return new Promise((resolve) => {
    const finish = () => {
      const took = Math.min(performance.now(), over) - counted;
      for (const lane of lanes) lane.end();
      resolve({ events: latencies.count, seconds: took / 1000, cpuSeconds: cpu() - cpuBefore, ...latencies.read() });
    };
    const send = (lane: Lane, since: number) => {
      if (sent >= most) return;
      onSend(sent, since);
      lane.send(sent++, since);
    };
    const onAnswer = (lane: Lane) => {
      const now = performance.now();
      if (lane.since >= counted && now <= over) latencies.note(now - lane.since);
      if (++answered === most) return finish();
      if (rate === undefined) return send(lane, now);
      const next = late.shift();
      if (next === undefined) idle.push(lane);
      else send(lane, next);
    };
    const lanes = Array.from({ length: connections }, () => new Lane(load, onAnswer));
    if (rate === undefined) for (const lane of lanes) send(lane, performance.now());
    else {
      idle.push(...lanes);
      pace(rate, over, (moment) => {
        const lane = idle.pop();
        if (lane) send(lane, moment);
        else late.push(moment);
      });
    }
    // What was planned before the end may be answered a little after it.
    if (most === Infinity) setTimeout(finish, over - began + LATE_MS);
  });
}

const LATE_MS = 100;

/** Calls with each planned moment once it has come. */
function pace(rate: number, until: number, go: (moment: number) => void): void {
  const began = performance.now();
  let next = 0;
  const tick = () => {
    const now = performance.now();
    for (let at = began + (next * 1000) / rate; at <= now; at = began + (next * 1000) / rate) {
      if (at > until) return;
      next++;
      go(at);
    }
    setTimeout(tick, 1);
  };
  tick();
}
