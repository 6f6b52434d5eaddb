// A turn as the engine makes it; the contract is in controller.ts.

import type { Clock, Elapsed } from '#base/mod.ts';
import type { Kind, KubeObject, Marker, ObjectKey } from '#machinery/mod.ts';
import type { Client } from '#objects/mod.ts';
import type { ApplyOptions, Children, Claim } from './children.ts';
import type { ConfigDefinition, ConfigSource } from './config-source.ts';
import type { StatusOf, Turn } from './controller.ts';
import type { EventType, Recorder } from './recorder.ts';
import type { LivingStatus } from './status.ts';
import type { View } from './view.ts';

export interface TurnParts<O> {
  readonly key: ObjectKey;
  readonly object: O;
  readonly draft: LivingStatus;
  readonly mark: Marker;
  readonly view: View;
  readonly client: Client;
  readonly children: Children;
  readonly config: ConfigSource;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly elapsed: Elapsed;
}

export class ReconcileTurn<O extends KubeObject> implements Turn<O> {
  readonly key: ObjectKey;
  readonly object: O;
  readonly status: StatusOf<O>;
  readonly mark: Marker;
  readonly #parts: TurnParts<O>;
  #end: AbortController | undefined;
  #isOver = false;
  #againMs: number | undefined;

  constructor(parts: TurnParts<O>) {
    this.#parts = parts;
    this.key = parts.key;
    this.object = parts.object;
    this.status = parts.draft as StatusOf<O>;
    this.mark = parts.mark;
  }

  get now(): number {
    return this.#parts.clock.now();
  }

  get steadyNow(): number {
    return this.#parts.clock.monotonic();
  }

  elapsedSince(stamp: string): number {
    return this.#parts.elapsed.since(`${this.object.kind} ${this.key}`, stamp);
  }

  elapsedWhileUp(stamp: string): number {
    return this.#parts.elapsed.whileUp(`${this.object.kind} ${this.key}`, stamp);
  }

  /** Made for those who ask: few do, and there are many turns. */
  get signal(): AbortSignal {
    this.#end ??= new AbortController();
    if (this.#isOver) this.#end.abort(over());
    return this.#end.signal;
  }

  get client(): Client {
    if (this.#isOver) throw over();
    return this.#parts.client;
  }

  /** When the reconciler wants to look again; undefined: only after a change. */
  get lookAgainMs(): number | undefined {
    return this.#againMs;
  }

  /** A body that goes on after its time writes nothing more. */
  close(): void {
    this.#isOver = true;
    this.#end?.abort(over());
  }

  get<C extends KubeObject>(kind: Kind<C>, namespace: string, name: string): C | undefined {
    return this.#parts.view.get(kind, namespace, name);
  }

  list<C extends KubeObject>(kind: Kind<C>, namespace?: string): readonly C[] {
    return this.#parts.view.list(kind, namespace);
  }

  ownedBy<C extends KubeObject>(kind: Kind<C>, uid: string): readonly C[] {
    return this.#parts.view.ownedBy(kind, uid);
  }

  byIndex<C extends KubeObject>(kind: Kind<C>, index: string, value: string): readonly C[] {
    return this.#parts.view.byIndex(kind, index, value);
  }

  owned<C extends KubeObject>(kind: Kind<C>): readonly C[] {
    return this.ownedBy(kind, this.object.metadata.uid ?? '');
  }

  claim<C extends KubeObject>(kind: Kind<C>, desired: C): Promise<Claim<C>> {
    return this.#children.claim(kind, this.object, desired);
  }

  apply<C extends KubeObject>(kind: Kind<C>, desired: C, options?: ApplyOptions): Promise<Claim<C>> {
    return this.#children.apply(kind, this.object, desired, options);
  }

  remove<C extends KubeObject>(kind: Kind<C>, object: C): Promise<void> {
    return this.#children.remove(kind, object);
  }

  async prune<C extends KubeObject>(kind: Kind<C>, keep: readonly string[]): Promise<void> {
    for (const child of this.owned(kind)) if (!keep.includes(child.metadata.name)) await this.remove(kind, child);
  }

  config<T>(definition: ConfigDefinition<T>): T {
    return this.#parts.config.get(definition);
  }

  event(type: EventType, reason: string, message: string): void {
    this.#parts.recorder.record(this.object, type, reason, message);
  }

  again(ms: number): void {
    this.#againMs = Math.min(this.#againMs ?? Infinity, ms);
  }

  get #children(): Children {
    if (this.#isOver) throw over();
    return this.#parts.children;
  }
}

function over(): Error {
  return new Error('the turn is over');
}
