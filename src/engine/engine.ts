// The engine: gives each changed object its turn with its reconciler, and does all that no reconciler should have to do.

import type { Calm, Clock, Random } from '#base/mod.ts';
import { calmOf, Elapsed, messageOf, sleep, watchJumps } from '#base/mod.ts';
import type { Kind, KubeObject, ObjectKey } from '#machinery/mod.ts';
import { ApiError, isReason, splitKey } from '#machinery/mod.ts';
import type { Client, Informers } from '#objects/mod.ts';
import type { Logger, Metrics, Tracer } from '#telemetry/mod.ts';
import { CONTROLLER_FIELD, createMetrics, KEY_FIELD, TRACE_FIELD } from '#telemetry/mod.ts';
import { Attendant } from './attend.ts';
import { Children } from './children.ts';
import { ConfigSource } from './config-source.ts';
import type { Controller, ControllerDefinition } from './controller.ts';
import type { EngineMeter } from './meter.ts';
import { engineMeter } from './meter.ts';
import { notingClient } from './noting-client.ts';
import type { Recorder } from './recorder.ts';
import { EventRecorder } from './recorder.ts';
import { View } from './view.ts';
import { connect, prepare } from './wiring.ts';
import type { TurnOutcome } from './work-queue.ts';
import { WorkQueue } from './work-queue.ts';

export interface EngineOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  /** Shared with whoever starts programs; one of its own unless told. */
  readonly calm?: Calm;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics?: Metrics;
  /** Without one nothing is traced. */
  readonly tracer?: Tracer;
  /** Where Events go; to the API unless told. */
  readonly recorder?: (source: string) => Recorder;
}

/** What all controllers of a process share. */
export interface Engine {
  readonly view: View;
  readonly client: Client;
  readonly config: ConfigSource;
  readonly clock: Clock;
  /** Makes a controller of a definition; its informers are made at once and started by the first `run`. */
  controller<O extends KubeObject>(definition: ControllerDefinition<O>): Controller;
  /** One turn for one key, as the queue would give it. */
  turn<O extends KubeObject>(definition: ControllerDefinition<O>, key: ObjectKey): Promise<TurnOutcome>;
}

const USUAL_CONCURRENCY = 8;
/** Informers that were made late are waited for by looking. */
const SYNC_LOOK_MS = 50;

export function createEngine(options: EngineOptions): Engine {
  return new ControllerEngine(options);
}

class ControllerEngine implements Engine {
  readonly view: View;
  readonly client: Client;
  readonly config: ConfigSource;
  readonly clock: Clock;
  readonly #options: EngineOptions;
  readonly #calm: Calm;
  readonly #meter: EngineMeter;
  readonly #attendant: Attendant;
  readonly #recorders = new Map<string, Recorder>();
  readonly #queues: HurriedQueues;
  #started: Promise<void> | undefined;

  constructor(options: EngineOptions) {
    const { informers, clock, log, metrics = createMetrics() } = options;
    this.#options = options;
    this.clock = clock;
    this.#calm = options.calm ?? calmOf(clock);
    this.view = new View(informers, clock);
    this.client = notingClient(options.client, this.view);
    this.config = new ConfigSource(this.view, log);
    this.#meter = engineMeter(metrics, clock);
    this.#queues = new HurriedQueues(clock);
    const { view, client, config } = this;
    const children = new Children(client, view);
    this.#attendant = new Attendant({
      view,
      client,
      children,
      config,
      clock,
      calm: this.#calm,
      elapsed: new Elapsed(clock),
    });
  }

  controller<O extends KubeObject>(definition: ControllerDefinition<O>): Controller {
    const kinds = prepare(definition, this.view);
    return {
      name: definition.name,
      run: async (signal) => {
        this.#started ??= this.#options.informers.start(signal);
        await this.#started;
        while (!signal.aborted && kinds.some((kind) => !this.view.informer(kind).synced))
          await sleep(this.clock, SYNC_LOOK_MS);
        if (!signal.aborted) await this.#serve(definition, signal);
      },
    };
  }

  /** Ends as the queue wants it; what went wrong has been told where it can be seen. */
  async turn<O extends KubeObject>(definition: ControllerDefinition<O>, key: ObjectKey): Promise<TurnOutcome> {
    const { tracer, log } = this.#options;
    const from = this.clock.monotonic();
    const about = { [CONTROLLER_FIELD]: definition.name, [KEY_FIELD]: key };
    const span = tracer?.begin(`reconcile ${definition.of.kind}`, { attributes: about });
    let outcome: TurnOutcome;
    try {
      outcome = await this.#look(definition, key);
    } catch (thrown) {
      const fields = { ...about, ...(span ? { [TRACE_FIELD]: span.context.traceId } : {}), error: messageOf(thrown) };
      span?.fail(fields.error);
      if (isReason(thrown, 'Conflict')) log.debug('a turn saw too old an object', fields);
      else if (isGone(thrown, definition.of, key)) log.debug('the object went while it had its turn', fields);
      else log.warn('a turn failed', fields);
      outcome = { outcome: 'failed' };
    }
    const ms = this.clock.monotonic() - from;
    this.#meter.turn(definition.name, outcome.outcome, ms);
    log.debug('a turn is over', { ...about, outcome: outcome.outcome, ms });
    span?.set({ outcome: outcome.outcome });
    span?.end();
    return outcome;
  }

  async #look<O extends KubeObject>(definition: ControllerDefinition<O>, key: ObjectKey): Promise<TurnOutcome> {
    const { namespace, name } = splitKey(key);
    const object = this.view.get(definition.of, namespace, name);
    if (object && (definition.selects?.(object, (one) => this.config.get(one)) ?? true))
      return this.#attendant.attend(definition, key, object, this.#recorder(definition.name));
    this.#attendant.forget(definition, key);
    await definition.forget?.(key);
    return { outcome: 'settled' };
  }

  /** Gives keys their turns until the signal ends and those in hand are over. */
  async #serve<O extends KubeObject>(definition: ControllerDefinition<O>, signal: AbortSignal): Promise<void> {
    const { name, concurrency = USUAL_CONCURRENCY } = definition;
    const queue = new WorkQueue({
      clock: this.clock,
      calm: this.#calm,
      concurrency,
      turn: (key) => this.turn(definition, key),
      watch: this.#meter.queue(name),
    });
    const stops = [...connect(definition, queue, this), this.#meter.show(name, queue), this.#queues.add(queue)];
    await aborted(signal);
    for (const stop of stops) stop();
    await queue.close();
  }

  #recorder(source: string): Recorder {
    const known = this.#recorders.get(source) ?? this.#newRecorder(source);
    this.#recorders.set(source, known);
    return known;
  }

  #newRecorder(source: string): Recorder {
    const { client, clock, random, log, recorder } = this.#options;
    return recorder?.(source) ?? new EventRecorder({ client, clock, calm: this.#calm, random, log, source });
  }
}

/** Those who wait for a time of the wall clock look at it anew when it was set. One watch serves all. */
class HurriedQueues {
  readonly #clock: Clock;
  readonly #queues = new Set<WorkQueue>();
  #stopWatching: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns the stop. */
  add(queue: WorkQueue): () => void {
    this.#queues.add(queue);
    this.#stopWatching ??= watchJumps(this.#clock, () => {
      for (const one of this.#queues) one.hurry();
    });
    return () => {
      this.#queues.delete(queue);
      if (this.#queues.size > 0) return;
      this.#stopWatching?.();
      this.#stopWatching = undefined;
    };
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Whether a turn failed because its own object is there no more. */
function isGone(thrown: unknown, { names }: Kind, key: ObjectKey): boolean {
  if (!(thrown instanceof ApiError) || !isReason(thrown, 'NotFound')) return false;
  const { details } = thrown.status;
  return details?.name === splitKey(key).name && details.kind === names.plural;
}
