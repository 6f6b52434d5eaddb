// Every request's fate, and everything that should not have been.

import type { Trace } from './trace.ts';

export const REQUEST_KINDS = ['plain', 'post', 'upload', 'stream', 'upgrade'] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

/** What a request is going to be. */
export interface Plan {
  readonly kind: RequestKind;
  /** Pieces of the body, on its way to the application or back. */
  readonly pieces: number;
  /** Between two pieces. */
  readonly gapMs: number;
  /** What the application takes before it answers. */
  readonly workMs: number;
  /** The client gives up after this; undefined: it waits. */
  readonly leavesAfterMs: number | undefined;
}

/** One request from its sending to its end. */
export interface Entry {
  readonly id: string;
  readonly service: string;
  readonly plan: Plan;
  /** Why it was sent just then. */
  readonly occasion: string;
  readonly sentMs: number;
  /** The applications that heard of it. */
  readonly heardBy: string[];
}

export interface Breach {
  readonly service: string;
  readonly text: string;
}

export interface Counts {
  requests: number;
  answered: number;
  left: number;
  lost: number;
  sentTwice: number;
  overLimit: number;
  longestWaitMs: number;
  readonly kinds: Record<string, number>;
}

const TRACE_LINES = 120;

export class Ledger {
  readonly breaches: Breach[] = [];
  /** What led to the first breach. */
  before: readonly string[] = [];
  readonly counts: Counts = {
    requests: 0,
    answered: 0,
    left: 0,
    lost: 0,
    sentTwice: 0,
    overLimit: 0,
    longestWaitMs: 0,
    kinds: {},
  };
  readonly #trace: Trace;
  readonly #open = new Map<string, Entry>();

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  /** Requests without an end. */
  get open(): readonly Entry[] {
    return [...this.#open.values()];
  }

  begin(entry: Omit<Entry, 'id' | 'heardBy'>): Entry {
    const made = { ...entry, id: `r${++this.counts.requests}`, heardBy: [] };
    const { kind } = entry.plan;
    this.counts.kinds[kind] = (this.counts.kinds[kind] ?? 0) + 1;
    this.#open.set(made.id, made);
    this.#trace.note(entry.service, `${made.id} sent: ${kind}, ${entry.occasion}`);
    return made;
  }

  /** A request as an application knows it by its header. */
  find(id: string): Entry | undefined {
    return this.#open.get(id);
  }

  /** An application has read the head of a request. */
  heard(entry: Entry, application: string): void {
    entry.heardBy.push(application);
    this.#trace.note(entry.service, `${entry.id} heard by ${application}`);
    if (entry.heardBy.length === 1) return;
    this.counts.sentTwice++;
    this.breach(entry.service, `${entry.id} was sent twice: ${entry.heardBy.join(', ')}`);
  }

  answered(entry: Entry, nowMs: number): void {
    this.counts.answered++;
    this.counts.longestWaitMs = Math.max(this.counts.longestWaitMs, nowMs - entry.sentMs);
    this.#end(entry, 'answered');
  }

  left(entry: Entry): void {
    this.counts.left++;
    this.#end(entry, 'left by its client');
  }

  lost(entry: Entry, why: string): void {
    this.counts.lost++;
    this.#end(entry, `lost: ${why}`);
    this.breach(entry.service, `${entry.id} (${entry.plan.kind}, ${entry.occasion}) was lost: ${why}`);
  }

  breach(service: string, text: string): void {
    this.#trace.note(service, `BREACH ${text}`);
    if (this.breaches.length === 0) this.before = this.#trace.last(TRACE_LINES, service || undefined);
    this.breaches.push({ service, text });
  }

  #end(entry: Entry, how: string): void {
    this.#open.delete(entry.id);
    this.#trace.note(entry.service, `${entry.id} ${how}`);
  }
}
