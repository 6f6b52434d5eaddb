// One object's turn: its finalizer, its reconciler within a time, its status, and what went wrong where it can be seen.

import type { Calm, Clock, Elapsed } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';
import type { KubeObject, ObjectKey } from '#machinery/mod.ts';
import { isReason } from '#machinery/mod.ts';
import type { Client } from '#objects/mod.ts';
import type { Children } from './children.ts';
import type { ConfigSource } from './config-source.ts';
import type { ControllerDefinition } from './controller.ts';
import { Finalizers } from './finalizers.ts';
import type { Recorder } from './recorder.ts';
import type { LivingStatus } from './status.ts';
import { draftStatus, finishStatus, writeStatus } from './status.ts';
import { ReconcileTurn } from './turn.ts';
import type { View } from './view.ts';
import type { TurnOutcome } from './work-queue.ts';

/** A turn that takes longer has failed (`-reconciliation-timeout` of Knative's controllers). */
const TURN_MS = 30_000;
/** A status that gives way is told after so long at the latest, and looked for again in this time. */
const OWED_MS = 10_000;
const LINGER_MS = 5;

export interface AttendantParts {
  readonly view: View;
  readonly client: Client;
  readonly children: Children;
  readonly config: ConfigSource;
  readonly clock: Clock;
  readonly calm: Calm;
  readonly elapsed: Elapsed;
}

export class Attendant {
  readonly #parts: AttendantParts;
  readonly #finalizers: Finalizers;
  /** Statuses that gave way, by controller and key: since when. */
  readonly #owed = new Map<string, number>();

  constructor(parts: AttendantParts) {
    this.#parts = parts;
    this.#finalizers = new Finalizers(parts.client);
  }

  /** Throws what the reconciler threw, once it has been told. */
  async attend<O extends KubeObject>(
    definition: ControllerDefinition<O>,
    key: ObjectKey,
    found: O,
    events: Recorder,
  ): Promise<TurnOutcome> {
    const isGoing = found.metadata.deletionTimestamp !== undefined;
    if (isGoing && !attendsEnd(definition, found)) return { outcome: 'settled' };

    const object = isGoing ? found : await this.#finalizers.add(definition, found, events);
    const { clock } = this.#parts;
    const { draft, mark } = draftStatus(definition.of, object, () => clock.now());
    const turn = new ReconcileTurn<O>({ ...this.#parts, key, object, draft, mark, recorder: events });
    const fault = await this.#within(turn, () => (isGoing ? definition.finalize?.(turn) : definition.reconcile(turn)));
    if (fault === undefined && isGoing && definition.finalizer)
      await this.#finalizers.remove(definition, object, events);
    // A turn that saw too old an object was broken off midway, and half of what it would have told may be wrong; the next one sees more.
    const isHalf = isReason(fault, 'Conflict');
    if (!isGoing && !isHalf && definition.status !== 'none') {
      if (fault === undefined && this.#givesWay(definition, key)) return { outcome: 'lingers', ms: LINGER_MS };
      await this.#tellStatus(definition, object, draft, events);
    }
    if (fault !== undefined) {
      if (!isHalf) events.record(object, 'Warning', 'InternalError', messageOf(fault));
      throw fault;
    }
    return turn.lookAgainMs === undefined ? { outcome: 'settled' } : { outcome: 'again', afterMs: turn.lookAgainMs };
  }

  /** Runs a turn's body within its time; gives what it threw. */
  async #within<O extends KubeObject>(turn: ReconcileTurn<O>, body: () => Promise<void> | void): Promise<unknown> {
    const late = Promise.withResolvers<never>();
    const timer = this.#parts.clock.after(TURN_MS, () =>
      late.reject(new Error(`the turn took longer than ${TURN_MS / 1000} s`)),
    );
    try {
      await Promise.race([body(), late.promise]);
      return undefined;
    } catch (thrown) {
      return thrown ?? new Error('the turn failed without a word');
    } finally {
      timer.cancel();
      turn.close();
    }
  }

  /** The object is there no more. */
  forget({ name }: { readonly name: string }, key: ObjectKey): void {
    this.#owed.delete(`${name} ${key}`);
  }

  #givesWay<O extends KubeObject>({ name, statusGivesWay }: ControllerDefinition<O>, key: ObjectKey): boolean {
    const { calm, clock } = this.#parts;
    if (statusGivesWay !== true) return false;
    const [owed, now] = [`${name} ${key}`, clock.monotonic()];
    const since = this.#owed.get(owed) ?? now;
    const givesWay = calm.isCrowded && now - since < OWED_MS;
    if (givesWay) this.#owed.set(owed, since);
    else this.#owed.delete(owed);
    return givesWay;
  }

  async #tellStatus<O extends KubeObject>(
    { of }: ControllerDefinition<O>,
    object: O,
    draft: LivingStatus,
    events: Recorder,
  ): Promise<void> {
    finishStatus(of, object, draft);
    await writeStatus(of, object, draft, this.#parts).catch((thrown: unknown) => {
      const why = `Failed to update status for ${JSON.stringify(object.metadata.name)}: ${messageOf(thrown)}`;
      if (!isReason(thrown, 'Conflict')) events.record(object, 'Warning', 'UpdateFailed', why);
      throw thrown;
    });
  }
}

/** Whether a controller has something to do for an object that is being deleted. */
function attendsEnd<O extends KubeObject>({ attendsDeletion, finalizer }: ControllerDefinition<O>, object: O): boolean {
  return (
    attendsDeletion === true || (finalizer !== undefined && object.metadata.finalizers?.includes(finalizer) === true)
  );
}
