// Producers of the soak: each sends at its pace, waits for each answer, and writes down what it was told.

import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '#base/mod.ts';
import { BROKER, NAMESPACE, TYPES } from './cast.ts';
import type { Ledger } from './ledger.ts';

const HOST = 'broker-ingress.knative-eventing.localhost';
const PATIENCE_MS = 20_000;

export interface ProducersOptions {
  readonly count: number;
  /** Of all together. */
  readonly perSecond: number;
  readonly random: Random;
  readonly ledger: Ledger;
  readonly gateway: string;
}

/** They send until stopped, whether or not there is a platform. */
export class Producers {
  /** Where the platform is now. */
  gateway: string;
  /** By status; 0 where there was no answer. */
  readonly answers = new Map<number, number>();
  /** Answers that nobody should get, whatever is killed. */
  readonly odd: string[] = [];
  readonly #options: ProducersOptions;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #over = new AbortController();
  readonly #running: Promise<unknown>;

  constructor(options: ProducersOptions) {
    this.#options = options;
    this.gateway = options.gateway;
    this.#running = Promise.all(Array.from({ length: options.count }, (_, index) => this.#produce(`p${index}`)));
    this.#running.catch(() => undefined);
  }

  get acknowledged(): number {
    return this.answers.get(202) ?? 0;
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#running;
    this.#agent.destroy();
  }

  async #produce(key: string): Promise<void> {
    const { count, perSecond, random, ledger } = this.#options;
    const { signal } = this.#over;
    const everyMs = (1000 * count) / perSecond;
    let next = performance.now() + random.next() * everyMs;
    for (let number = 0; ; number++) {
      await pause(Math.max(0, next - performance.now()), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      // What was missed while an answer took long is not made up for.
      next = Math.max(next + everyMs, performance.now());
      const id = `${key}-${number}`;
      const type = TYPES[Math.floor(random.next() * TYPES.length)] as string;
      ledger.send(id, { key, number, type });
      const { status, text } = await this.#post(id, key, type);
      this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
      ledger.answered(id, status === 202 ? 'acknowledged' : status === 0 ? 'unanswered' : 'refused');
      // 503 and 429 come with Retry-After: the platform is not there yet, or has more than it can take.
      if (![0, 202, 429, 503].includes(status)) this.odd.push(`${id} was answered ${status} ${text.trim()}`);
    }
  }

  /** Never rejects. */
  #post(id: string, key: string, type: string): Promise<{ status: number; text: string }> {
    return new Promise((resolve) => {
      const headers = {
        host: HOST,
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': id,
        'ce-source': '/soak',
        'ce-type': type,
        'ce-partitionkey': key,
      };
      const { port } = new URL(this.gateway);
      const options = { host: '127.0.0.1', port, method: 'POST', path: `/${NAMESPACE}/${BROKER}`, headers };
      const asked = request({ ...options, agent: this.#agent, timeout: PATIENCE_MS }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.once('error', () => resolve({ status: 0, text }));
      });
      asked.once('timeout', () => asked.destroy(new Error(`no answer in ${PATIENCE_MS} ms`)));
      asked.once('error', (error) => resolve({ status: 0, text: error.message }));
      asked.end(`{"id":"${id}","pad":"${'x'.repeat(200)}"}`);
    });
  }
}
