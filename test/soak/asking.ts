// Asks functions through the gateway: once, until they answer, or without a pause while other things happen.

import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';

export interface Answer {
  /** 0 where there was none. */
  readonly status: number;
  readonly text: string;
}

const PATIENCE_MS = 20_000;

/** One request on a connection of its own unless an agent is given. Never throws. */
export function ask(gateway: string, host: string, agent: Agent | false = false): Promise<Answer> {
  return new Promise((resolve) => {
    const asking = request(gateway, { agent, headers: { host }, timeout: PATIENCE_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.once('error', (error) => resolve({ status: 0, text: error.message }));
    });
    asking.once('timeout', () => asking.destroy(new Error(`no answer in ${PATIENCE_MS} ms`)));
    asking.once('error', (error) => resolve({ status: 0, text: error.message }));
    asking.end();
  });
}

/** The process id of the instance that answered. */
export function pidOf({ text }: Answer): number {
  return (JSON.parse(text) as { pid: number }).pid;
}

/** Asks until 200. Throws after a minute. */
export async function untilAnswered(gateway: string, host: string): Promise<Answer> {
  const end = performance.now() + 60_000;
  for (;;) {
    const answer = await ask(gateway, host);
    if (answer.status === 200) return answer;
    if (performance.now() > end) throw new Error(`${host} does not answer: ${answer.status} ${answer.text}`);
    await pause(10);
  }
}

const PAUSE_MS = 20;

/** Asks one warm function all the time; every other request on a kept connection. */
export class Prober {
  readonly #host: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #over: Promise<void>;
  #gateway: string;
  #stopped = false;
  #forgiving = false;
  asked = 0;
  readonly failed: string[] = [];
  /** Of all instances that answered, in the order of their first answer. */
  readonly pids = new Set<number>();

  constructor(gateway: string, host: string) {
    this.#gateway = gateway;
    this.#host = host;
    this.#over = this.#run();
  }

  /** The gateway is about to be killed: until `trust`, failures do not count. */
  forgive(): void {
    this.#forgiving = true;
  }

  trust(gateway: string): void {
    this.#gateway = gateway;
    this.#forgiving = false;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#over;
    this.#agent.destroy();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const forgiven = this.#forgiving;
      const at = new Date().toISOString();
      const answer = await ask(this.#gateway, this.#host, this.asked % 2 === 0 && this.#agent);
      if (answer.status === 200) this.pids.add(pidOf(answer));
      else if (!forgiven && !this.#forgiving) this.failed.push(`${at} ${answer.status} ${answer.text}`);
      this.asked += 1;
      await pause(PAUSE_MS);
    }
  }
}
