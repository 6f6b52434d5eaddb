// Starts the programs of the events' bench on the load's core.

import type { ChildProcess } from 'node:child_process';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { end, LOAD_CORE, startOn } from '../processes.ts';
import type { Load, Published } from './load.ts';
import type { Delivered, DeliverOrder, Received } from './program.ts';

const PROGRAM = join(import.meta.dirname, 'program.ts');

async function run(file: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('taskset', ['-c', LOAD_CORE, process.execPath, file, ...args]);
  return stdout;
}

export async function publish(load: Load): Promise<Published> {
  return JSON.parse(await run(PROGRAM, ['publish', JSON.stringify(load)])) as Published;
}

export async function deliver(order: DeliverOrder): Promise<Delivered> {
  return JSON.parse(await run(PROGRAM, ['deliver', JSON.stringify(order)])) as Delivered;
}

/** Lays a backlog on the log of a data folder. */
export async function fill(dataDir: string, stream: string, count: number): Promise<void> {
  await run(join(import.meta.dirname, 'fill.ts'), [dataDir, stream, String(count)]);
}

const LOOK_MS = 20;

/** A subscriber that counts. */
export class Receiver {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  port = 0;

  private constructor() {
    this.#child = startOn(LOAD_CORE, process.execPath, [PROGRAM, 'receive'], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (!this.#child.stdout) throw new Error('the subscriber has no standard output');
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.port = (await receiver.#next()) as number;
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** Since the start or the last reset. */
  count(andReset = false): Promise<Received> {
    this.#child.stdin?.write(andReset ? 'reset\n' : 'count\n');
    return this.#next() as Promise<Received>;
  }

  /** Resolves once it got so many. */
  async until(events: number): Promise<Received> {
    for (;;) {
      const received = await this.count();
      if (received.events >= events) return received;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  stop(): Promise<void> {
    return end(this.#child);
  }

  async #next(): Promise<unknown> {
    const { value } = (await this.#lines.next()) as { value?: string };
    if (value === undefined) throw new Error('the subscriber ended');
    return JSON.parse(value);
  }
}
