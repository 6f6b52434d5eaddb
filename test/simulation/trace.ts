// What happened, in order: the last lines for people, and a hash over all of them that tells two runs apart.

import type { Clock } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';
import type { LogFields, Logger } from '#telemetry/mod.ts';

const KEPT_LINES = 4000;
const FNV_PRIME = 0x01000193;

export class Trace {
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #lines: { readonly service: string; readonly text: string }[] = [];
  #hash = 0x811c9dc5;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedMs = clock.now();
  }

  /** `service` is empty for what concerns them all. */
  note(service: string, what: string): void {
    const seconds = ((this.#clock.now() - this.#startedMs) / 1000).toFixed(3);
    const text = `${seconds.padStart(10)} ${service} ${what}`;
    for (let i = 0; i < text.length; i++) this.#hash = Math.imul(this.#hash ^ text.charCodeAt(i), FNV_PRIME) >>> 0;
    this.#lines.push({ service, text });
    if (this.#lines.length >= 2 * KEPT_LINES) this.#lines.splice(0, KEPT_LINES);
  }

  /** A log whose warnings and errors stand in the trace. */
  log(): Logger {
    const take = (message: string, fields: LogFields = {}) => {
      const told = Object.entries(fields).map(
        ([name, value]) => `${name}=${value instanceof Error ? value.stack : messageOf(value)}`,
      );
      this.note('', `log: ${message} ${told.join(' ')}`);
    };
    const log: Logger = { debug() {}, info() {}, warn: take, error: take, with: () => log, named: () => log };
    return log;
  }

  /** Over every line so far. */
  get hash(): string {
    return this.#hash.toString(16).padStart(8, '0');
  }

  /** The last lines that concern a service, or all. */
  last(count: number, service?: string): string[] {
    const lines = service === undefined ? this.#lines : this.#lines.filter((line) => line.service === service);
    return lines.slice(-count).map(({ text }) => text);
  }
}
