// Spans: begun within a trace that came in or in one of their own, and handed on when they end. Off, it costs one look.

import type { Clock, Random } from '#base/mod.ts';
import type { TraceContext } from './trace.ts';
import { childContext, sampledByRate } from './trace.ts';

export type SpanKind = 'internal' | 'server' | 'client';
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** A span that is over. Times are wall milliseconds with their fractions. */
export interface SpanRecord {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty at the root of a trace. */
  readonly parentSpanId: string;
  /** As it came in, for whoever reads it. */
  readonly traceState: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: SpanAttributes;
  readonly events: readonly SpanEvent[];
  /** What went wrong; undefined where nothing did. */
  readonly error: string | undefined;
}

export interface SpanEvent {
  readonly name: string;
  readonly atMs: number;
  readonly attributes: SpanAttributes;
}

/** Where spans go that are over. */
export type SpanSink = (span: SpanRecord) => void;

export interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: SpanAttributes;
  /** By the monotonic clock; now unless told. */
  readonly at?: number;
  /** Of a child whose context somebody was told before it began; a new one unless told. */
  readonly context?: TraceContext;
}

/** A span that is recorded. */
export interface Span {
  readonly context: TraceContext;
  set(attributes: SpanAttributes): void;
  event(name: string, attributes?: SpanAttributes): void;
  fail(why: string): void;
  child(name: string, options?: SpanOptions): Span;
  /** Hands it on; again does nothing. `at` by the monotonic clock, now unless told. */
  end(at?: number): void;
}

/** How much is traced. */
export interface Sampling {
  /** Share of the traces that begin here, 0 to 1. What comes in with a decision keeps it. */
  readonly rate: number;
}

export class Tracer {
  readonly #clock: Clock;
  readonly #random: Random;
  #sink: SpanSink | undefined;
  #rate = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Whether any span may be recorded: look here before anything is made ready for one. */
  get on(): boolean {
    return this.#sink !== undefined;
  }

  /** The monotonic time, as `at` of a span wants it. */
  now(): number {
    return this.#clock.monotonic();
  }

  /** From here on spans go to `sink`; without one nothing is traced. */
  direct(sink: SpanSink | undefined, { rate }: Sampling = { rate: 0 }): void {
    this.#sink = sink;
    this.#rate = rate;
  }

  /** The context of a new span: the decision that came in holds, else chance decides. */
  decide(parent: TraceContext | undefined): TraceContext {
    const context = childContext(this.#random, parent);
    return parent ? context : { ...context, sampled: sampledByRate(context.traceId, this.#rate) };
  }

  /** A span within `parent`, or at the root of a trace of its own; undefined where it is not recorded. */
  begin(name: string, options: SpanOptions & { readonly parent?: TraceContext | undefined } = {}): Span | undefined {
    if (!this.#sink) return undefined;
    const context = this.decide(options.parent);
    return context.sampled ? this.record(name, context, options) : undefined;
  }

  /** A span with a context that was decided before. */
  record(
    name: string,
    context: TraceContext,
    options: SpanOptions & { readonly parent?: TraceContext | undefined; readonly traceState?: string } = {},
  ): Span {
    const epochMs = this.#clock.now() - this.#clock.monotonic();
    return new Recorded(
      { clock: this.#clock, epochMs, next: (of) => childContext(this.#random, of), sink: (span) => this.#sink?.(span) },
      name,
      context,
      { ...options, parentSpanId: options.parent?.spanId ?? '' },
    );
  }
}

interface Stage {
  readonly clock: Clock;
  /** Added to the monotonic time of a trace's spans it gives wall time, the same for all of them. */
  readonly epochMs: number;
  next(of: TraceContext): TraceContext;
  readonly sink: SpanSink;
}

class Recorded implements Span {
  readonly context: TraceContext;
  readonly #stage: Stage;
  readonly #name: string;
  readonly #options: SpanOptions & { readonly parentSpanId: string; readonly traceState?: string };
  readonly #startMs: number;
  readonly #events: SpanEvent[] = [];
  #attributes: SpanAttributes;
  #error: string | undefined;
  #isOver = false;

  constructor(
    stage: Stage,
    name: string,
    context: TraceContext,
    options: SpanOptions & { readonly parentSpanId: string; readonly traceState?: string },
  ) {
    this.context = context;
    this.#stage = stage;
    this.#name = name;
    this.#options = options;
    this.#startMs = stage.epochMs + (options.at ?? stage.clock.monotonic());
    this.#attributes = options.attributes ?? {};
  }

  set(attributes: SpanAttributes): void {
    this.#attributes = { ...this.#attributes, ...attributes };
  }

  event(name: string, attributes: SpanAttributes = {}): void {
    this.#events.push({ name, atMs: this.#stage.epochMs + this.#stage.clock.monotonic(), attributes });
  }

  fail(why: string): void {
    this.#error = why;
  }

  child(name: string, options: SpanOptions = {}): Span {
    const { traceState } = this.#options;
    return new Recorded(this.#stage, name, options.context ?? this.#stage.next(this.context), {
      ...options,
      parentSpanId: this.context.spanId,
      ...(traceState === undefined ? {} : { traceState }),
    });
  }

  end(at = this.#stage.clock.monotonic()): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stage.sink({
      traceId: this.context.traceId,
      spanId: this.context.spanId,
      parentSpanId: this.#options.parentSpanId,
      traceState: this.#options.traceState ?? '',
      name: this.#name,
      kind: this.#options.kind ?? 'internal',
      startMs: this.#startMs,
      endMs: Math.max(this.#startMs, this.#stage.epochMs + at),
      attributes: this.#attributes,
      events: this.#events,
      error: this.#error,
    });
  }
}
