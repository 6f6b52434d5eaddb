// The time in which a Pod may begin something new: its timers, pauses and waits all end with it. What runs goes on.

import { join } from 'node:path';
import type { Timer } from '#base/mod.ts';
import { backoffMs, messageOf, sleep } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import { keyOf } from '#machinery/mod.ts';
import { StartProblem } from './container.ts';
import type { PodPorts } from './pod-ports.ts';
import type { PodRecord } from './record.ts';

/** Between tries of what a Pod cannot begin without. */
const INSISTING = { firstMs: 1000, maxMs: 60_000, factor: 2 };

/** What all parts of one Pod's worker share: the ports, the newest that is known of the Pod, and whether anything may still begin. */
export class PodLife {
  readonly ports: PodPorts;
  readonly uid: string;
  /** The Pod's own, on disk. */
  readonly folder: string;
  readonly #newest: () => Pod;
  readonly #over = new AbortController();
  readonly #timers = new Set<Timer>();

  constructor(ports: PodPorts, newest: () => Pod) {
    this.ports = ports;
    this.#newest = newest;
    this.uid = newest().metadata.uid ?? '';
    this.folder = join(ports.folder, this.uid);
  }

  get pod(): Pod {
    return this.#newest();
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  end(): void {
    this.#over.abort();
    for (const timer of this.#timers) timer.cancel();
  }

  after(ms: number, run: () => void): void {
    const timer = this.ports.clock.after(Math.max(0, ms), () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
  }

  /** Waits, or returns when nothing new is to begin. */
  async pause(ms: number): Promise<void> {
    await sleep(this.ports.clock, ms, this.#over.signal).catch(() => undefined);
  }

  /** Tries until it succeeds or nothing new is to begin, ever less often; `heldUp` hears each time why it did not. */
  async insist(act: () => Promise<unknown>, heldUp: (message: string) => void): Promise<void> {
    for (let tries = 1; !this.isOver; tries++) {
      try {
        return void (await act());
      } catch (error) {
        heldUp(messageOf(error));
        await this.pause(backoffMs(INSISTING, tries));
      }
    }
  }

  /** What is asked for, or StartProblem as soon as the Pod stops. */
  unlessOver<T>(asked: Promise<T>): Promise<T> {
    const { signal } = this.#over;
    return new Promise((resolve, reject) => {
      const onStop = () => reject(new StartProblem('ContainerCreating', 'the Pod is being stopped'));
      if (signal.aborted) onStop();
      signal.addEventListener('abort', onStop, { once: true });
      asked.then(resolve, reject).finally(() => signal.removeEventListener('abort', onStop));
    });
  }

  /** For a later platform. Where it cannot be written, the Pod runs on: the next note tells it all. */
  note(record: PodRecord | undefined): void {
    try {
      this.ports.note(this.uid, record);
    } catch (error) {
      this.warn('what runs of a Pod could not be noted', error);
    }
  }

  event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.ports.event(this.pod, type, reason, message);
  }

  /** What has gone wrong in a way that no user of the Pod can help. */
  warn(message: string, error: unknown): void {
    this.ports.warn(message, { pod: keyOf(this.pod), error: messageOf(error) });
  }
}
