// The engine: gives each changed object its turn with its reconciler, and does all that no reconciler should have to do.

import type { Clock, Random } from '#base/mod.ts';
import { Elapsed, messageOf, sleep, watchJumps } from '#base/mod.ts';
import { ConfigMap } from '#kinds/mod.ts';
import type { Kind, KubeObject, ObjectKey } from '#machinery/mod.ts';
import { ApiError, controllerOf, isReason, keyOf, splitApiVersion, splitKey } from '#machinery/mod.ts';
import type { Client, Informers } from '#objects/mod.ts';
import type { Logger, Metrics, Tracer } from '#telemetry/mod.ts';
import { CONTROLLER_FIELD, createMetrics, KEY_FIELD, TRACE_FIELD } from '#telemetry/mod.ts';
import { Children } from './children.ts';
import { ConfigSource } from './config-source.ts';
import type { Controller, ControllerDefinition } from './controller.ts';
import { engineMeter } from './meter.ts';
import { notingClient } from './noting-client.ts';
import type { Recorder } from './recorder.ts';
import { EventRecorder } from './recorder.ts';
import { draftStatus, finishStatus, writeStatus } from './status.ts';
import { ReconcileTurn } from './turn.ts';
import { View } from './view.ts';
import type { TurnOutcome } from './work-queue.ts';
import { WorkQueue } from './work-queue.ts';

export interface EngineOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
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

/** A turn that takes longer has failed (`-reconciliation-timeout` of Knative's controllers). */
const TURN_MS = 30_000;
const USUAL_CONCURRENCY = 8;
/** Informers that were made late are waited for by looking. */
const SYNC_LOOK_MS = 50;

export function createEngine(options: EngineOptions): Engine {
  const { informers, clock, random, log } = options;
  const view = new View(informers, clock);
  const client = notingClient(options.client, view);
  const children = new Children(client, view);
  const config = new ConfigSource(view, log);
  const meter = engineMeter(options.metrics ?? createMetrics(), clock);
  const recorderOf =
    options.recorder ?? ((source: string) => new EventRecorder({ client: options.client, clock, random, log, source }));
  const recorders = new Map<string, Recorder>();
  const elapsed = new Elapsed(clock);
  const queues = new Set<WorkQueue>();
  let stopWatching: (() => void) | undefined;
  let started: Promise<void> | undefined;

  function recorder(name: string): Recorder {
    const known = recorders.get(name) ?? recorderOf(name);
    recorders.set(name, known);
    return known;
  }

  /** Ends as the queue wants it; what went wrong has been told where it can be seen. */
  async function turn<O extends KubeObject>(definition: ControllerDefinition<O>, key: ObjectKey): Promise<TurnOutcome> {
    const { namespace, name } = splitKey(key);
    const from = clock.monotonic();
    const about = { [CONTROLLER_FIELD]: definition.name, [KEY_FIELD]: key };
    const span = options.tracer?.begin(`reconcile ${definition.of.kind}`, { attributes: about });
    let outcome: TurnOutcome;
    try {
      const object = view.get(definition.of, namespace, name);
      if (object && (definition.selects?.(object, (one) => config.get(one)) ?? true))
        outcome = await attend(definition, key, object);
      else {
        await definition.forget?.(key);
        outcome = { outcome: 'settled' };
      }
    } catch (thrown) {
      const fields = {
        ...about,
        ...(span ? { [TRACE_FIELD]: span.context.traceId } : {}),
        error: messageOf(thrown),
      };
      span?.fail(fields.error);
      if (isReason(thrown, 'Conflict')) log.debug('a turn saw too old an object', fields);
      else if (isGone(thrown, definition.of, name)) log.debug('the object went while it had its turn', fields);
      else log.warn('a turn failed', fields);
      outcome = { outcome: 'failed' };
    }
    meter.turn(definition.name, outcome.outcome, clock.monotonic() - from);
    log.debug('a turn is over', { ...about, outcome: outcome.outcome, ms: clock.monotonic() - from });
    span?.set({ outcome: outcome.outcome });
    span?.end();
    return outcome;
  }

  async function attend<O extends KubeObject>(
    definition: ControllerDefinition<O>,
    key: ObjectKey,
    found: O,
  ): Promise<TurnOutcome> {
    const events = recorder(definition.name);
    const finalizing = found.metadata.deletionTimestamp !== undefined;
    if (
      finalizing &&
      !definition.attendsDeletion &&
      !(definition.finalizer && found.metadata.finalizers?.includes(definition.finalizer))
    )
      return { outcome: 'settled' };

    const object = finalizing ? found : await withFinalizer(definition, found, events);
    const { draft, mark } = draftStatus(definition.of, object, () => clock.now());
    const now = new ReconcileTurn<O>({
      key,
      object,
      draft,
      mark,
      view,
      client,
      children,
      config,
      recorder: events,
      clock,
      elapsed,
    });
    const fault = await within(now, () => (finalizing ? definition.finalize?.(now) : definition.reconcile(now)));
    if (fault === undefined && finalizing && definition.finalizer) await withoutFinalizer(definition, object, events);
    // A turn that saw too old an object was broken off midway, and half of what it would have told may be wrong; the next one sees more.
    const isHalf = isReason(fault, 'Conflict');
    if (!finalizing && !isHalf && definition.status !== 'none') {
      finishStatus(definition.of, object, draft);
      await writeStatus(definition.of, object, draft, { client, clock }).catch((thrown) => {
        const why = `Failed to update status for ${JSON.stringify(object.metadata.name)}: ${messageOf(thrown)}`;
        if (!isReason(thrown, 'Conflict')) events.record(object, 'Warning', 'UpdateFailed', why);
        throw thrown;
      });
    }
    if (fault !== undefined) {
      if (!isHalf) events.record(object, 'Warning', 'InternalError', messageOf(fault));
      throw fault;
    }
    return now.lookAgainMs === undefined ? { outcome: 'settled' } : { outcome: 'again', afterMs: now.lookAgainMs };
  }

  /** Runs a turn's body within its time; gives what it threw. */
  async function within<O extends KubeObject>(
    now: ReconcileTurn<O>,
    body: () => Promise<void> | void,
  ): Promise<unknown> {
    const late = Promise.withResolvers<never>();
    const timer = clock.after(TURN_MS, () => late.reject(new Error(`the turn took longer than ${TURN_MS / 1000} s`)));
    try {
      await Promise.race([body(), late.promise]);
      return undefined;
    } catch (thrown) {
      return thrown ?? new Error('the turn failed without a word');
    } finally {
      timer.cancel();
      now.close();
    }
  }

  async function withFinalizer<O extends KubeObject>(
    { of, finalizer }: ControllerDefinition<O>,
    object: O,
    events: Recorder,
  ): Promise<O> {
    const there = object.metadata.finalizers ?? [];
    if (!finalizer || there.includes(finalizer)) return object;
    return setFinalizers(of, object, [...there, finalizer], events);
  }

  async function withoutFinalizer<O extends KubeObject>(
    { of, finalizer }: ControllerDefinition<O>,
    object: O,
    events: Recorder,
  ): Promise<void> {
    const rest = (object.metadata.finalizers ?? []).filter((one) => one !== finalizer);
    await setFinalizers(of, object, rest, events).catch((thrown: unknown) => {
      // The cache was late: the object went with its last finalizer.
      if (!isReason(thrown, 'NotFound')) throw thrown;
    });
  }

  async function setFinalizers<O extends KubeObject>(
    kind: Kind<O>,
    object: O,
    finalizers: string[],
    events: Recorder,
  ): Promise<O> {
    const { namespace = '', name, resourceVersion = '' } = object.metadata;
    const body = { metadata: { finalizers, resourceVersion } };
    const patched = await client.patch(kind, namespace, name, 'merge', body);
    events.record(object, 'Normal', 'FinalizerUpdate', `Updated ${JSON.stringify(name)} finalizers`);
    return patched;
  }

  function controller<O extends KubeObject>(definition: ControllerDefinition<O>): Controller {
    const kinds = prepare(definition);
    return {
      name: definition.name,
      async run(signal) {
        started ??= informers.start(signal);
        await started;
        while (!signal.aborted && kinds.some((kind) => !view.informer(kind).synced)) await sleep(clock, SYNC_LOOK_MS);
        if (signal.aborted) return;
        const queue = new WorkQueue({
          clock,
          concurrency: definition.concurrency ?? USUAL_CONCURRENCY,
          turn: (key) => turn(definition, key),
          watch: meter.queue(definition.name),
        });
        const stops = [...connect(definition, queue), meter.show(definition.name, queue), hurriedAtJumps(queue)];
        await aborted(signal);
        for (const stop of stops) stop();
        await queue.close();
      },
    };
  }

  /** Those who wait for a time of the wall clock look at it anew when it was set. One watch serves all. Returns the stop. */
  function hurriedAtJumps(queue: WorkQueue): () => void {
    queues.add(queue);
    stopWatching ??= watchJumps(clock, () => {
      for (const one of queues) one.hurry();
    });
    return () => {
      queues.delete(queue);
      if (queues.size > 0) return;
      stopWatching?.();
      stopWatching = undefined;
    };
  }

  /** Makes every informer and index that a definition needs, so that they are synced before the first turn. */
  function prepare<O extends KubeObject>(definition: ControllerDefinition<O>): readonly Kind[] {
    const { of, owns = [], watches = [], reads = [], indexes = [], configs = [] } = definition;
    const kinds: readonly Kind[] = [
      of,
      ...owns,
      ...watches.map(({ kind }) => kind),
      ...reads,
      ...(configs.length > 0 ? [ConfigMap] : []),
    ];
    for (const kind of kinds) view.informer(kind);
    for (const index of indexes) view.addIndex(index.kind, index.name, (object) => index.valuesOf(object));
    return kinds;
  }

  /** Everything that puts keys into the queue. */
  function connect<O extends KubeObject>(definition: ControllerDefinition<O>, queue: WorkQueue): (() => void)[] {
    const { of, owns = [], watches = [], configs = [], lingerMs = 0 } = definition;
    const stopListening = definition.listen?.((key) => queue.add(key), view);
    const add = (key: ObjectKey) => queue.addAfter(key, lingerMs);
    const all = () => {
      for (const object of view.list(of)) add(keyOf(object));
    };
    return [
      view.informer(of).onChange(({ before, after }) => {
        const object = after ?? before;
        if (object) add(keyOf(object));
      }),
      ...owns.map((kind) =>
        view.informer(kind).onChange(({ before, after }) =>
          eachOf(before, after, (object) => {
            const owner = ownerKey(object, of);
            if (owner) add(owner);
          }),
        ),
      ),
      ...watches.map((watch) =>
        view
          .informer(watch.kind)
          .onChange(({ before, after }) => eachOf(before, after, (object) => watch.keys(object, view).forEach(add))),
      ),
      ...configs.map((one) => config.onChange(one, all)),
      ...(stopListening ? [stopListening] : []),
    ];
  }

  return { view, client, config, clock, controller, turn };
}

function eachOf<O>(before: O | undefined, after: O | undefined, take: (object: O) => void): void {
  if (before) take(before);
  if (after) take(after);
}

/** The key of the controller of an object, where that is of a kind. */
function ownerKey(object: KubeObject, kind: Kind): ObjectKey | undefined {
  const owner = controllerOf(object);
  if (owner?.kind !== kind.kind || splitApiVersion(owner.apiVersion).group !== kind.group) return undefined;
  const { namespace } = object.metadata;
  return kind.scope === 'Namespaced' && namespace ? `${namespace}/${owner.name}` : owner.name;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Whether a turn failed because its own object is there no more. */
function isGone(thrown: unknown, { names }: Kind, name: string): boolean {
  if (!(thrown instanceof ApiError) || !isReason(thrown, 'NotFound')) return false;
  return thrown.status.details?.name === name && thrown.status.details.kind === names.plural;
}
