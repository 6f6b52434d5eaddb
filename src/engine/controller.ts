// What a controller is made of: the words with which a reconciler is defined, and what a turn offers it.

import type { Kind, KubeObject, Marker, ObjectKey } from '#machinery/mod.ts';
import type { Client } from '#objects/mod.ts';
import type { ApplyOptions, Claim } from './children.ts';
import type { ConfigDefinition } from './config-source.ts';
import type { EventType } from './recorder.ts';
import type { Reader } from './view.ts';

/** The draft of an object's status, every field present or not. */
export type StatusOf<O> = O extends { status?: infer S } ? NonNullable<S> : Record<string, never>;

/** One look at one object. What is read is shared and frozen; an `await` marks a write. */
export interface Turn<O extends KubeObject> extends Reader {
  readonly key: ObjectKey;
  /** The object as it is. */
  readonly object: O;
  /** What its status will be: written once after the turn if it differs, also when the turn throws. */
  readonly status: StatusOf<O>;
  /** Writes conditions of the draft. */
  readonly mark: Marker;
  /** Wall time, milliseconds. */
  readonly now: number;
  /** Milliseconds that only ever grow, for what is remembered from turn to turn: the wall clock may be set. */
  readonly steadyNow: number;
  /** How long ago a wall time is that stands in an object, whatever the wall clock was set to since this process first saw it. */
  elapsedSince(stamp: string): number;
  /**
   * The same as far as this process runs, for deadlines of progress: a platform on one's own machine is switched off at night, and
   * in that time nothing was tried that could have failed.
   */
  elapsedWhileUp(stamp: string): number;
  /** Ends when the turn's time is up. */
  readonly signal: AbortSignal;
  /** Its writes are seen by the next reads. */
  readonly client: Client;
  /** Objects controlled by this one. */
  owned<C extends KubeObject>(kind: Kind<C>): readonly C[];
  /** Creates a child, or says whose the name is. The owner reference is set here. */
  claim<C extends KubeObject>(kind: Kind<C>, desired: C): Promise<Claim<C>>;
  /** Like `claim`, and updates fields, labels or annotations that differ. */
  apply<C extends KubeObject>(kind: Kind<C>, desired: C, options?: ApplyOptions): Promise<Claim<C>>;
  /** Deletes an object. */
  remove<C extends KubeObject>(kind: Kind<C>, object: C): Promise<void>;
  /** Deletes the children of a kind whose names are not to be kept. */
  prune<C extends KubeObject>(kind: Kind<C>, keep: readonly string[]): Promise<void>;
  /** The value in force of a config map. */
  config<T>(definition: ConfigDefinition<T>): T;
  /** Says something about the object where `kubectl describe` shows it. */
  event(type: EventType, reason: string, message: string): void;
  /** Asks for another look after `ms`; of several wishes the earliest counts. */
  again(ms: number): void;
}

/** Objects of another kind whose changes call for a look at some of ours. Made by `watch`. */
export interface Watch {
  readonly kind: Kind;
  keys(object: KubeObject, reader: Reader): readonly ObjectKey[];
}

/** Asked for each change, with what was before and what is after. */
export function watch<W extends KubeObject>(
  kind: Kind<W>,
  keys: (object: W, reader: Reader) => readonly ObjectKey[],
): Watch {
  return { kind, keys: (object, reader) => keys(object as W, reader) };
}

/** Another way to find objects of a kind than by name. Made by `index`. */
export interface Index {
  readonly kind: Kind;
  readonly name: string;
  valuesOf(object: KubeObject): readonly string[];
}

/** An index for `byIndex`, added before anything runs. */
export function index<I extends KubeObject>(
  kind: Kind<I>,
  name: string,
  valuesOf: (object: I) => readonly string[],
): Index {
  return { kind, name, valuesOf: (object) => valuesOf(object as I) };
}

/** A reconciler and what it needs to know of. */
export interface ControllerDefinition<O extends KubeObject = KubeObject> {
  /** Source of its Events: `configuration-controller`. */
  readonly name: string;
  readonly of: Kind<O>;
  /** Kinds of children; a change of one calls for a look at its owner. */
  readonly owns?: readonly Kind[];
  readonly watches?: readonly Watch[];
  /** Further kinds that are read. */
  readonly reads?: readonly Kind[];
  readonly indexes?: readonly Index[];
  /** Config maps whose change calls for a look at every object. */
  readonly configs?: readonly ConfigDefinition<unknown>[];
  /** A finalizer that keeps an object until `finalize` is through. */
  readonly finalizer?: string;
  /** `finalize` is called for every object that is being deleted, whatever finalizers it has. */
  readonly attendsDeletion?: boolean;
  /** `none` for those who only look on: they never touch status. */
  readonly status?: 'own' | 'none';
  /** While a crowd of programs starts, the status waits for what changes next: for those whose status no request waits for. */
  readonly statusGivesWay?: boolean;
  /** Objects at once; 8 unless told. */
  readonly concurrency?: number;
  /**
   * How long a change waits for others, so that one turn serves them all: for those whose work no request waits for. They
   * leave the first moments after a change to those that do have somebody waiting, on a busy machine up to a third of a
   * second, or until a crowd of programs has started. None unless told; `listen` never waits.
   */
  readonly lingerMs?: number;
  /** The same for changes of what it owns and watches, and of its objects' status alone; `lingerMs` unless told. */
  readonly childLingerMs?: number;
  /** Which objects are ours; all unless told. */
  selects?(object: O, config: ConfigReader): boolean;
  /** Brings the world to what the object says. May throw: it is tried again later. */
  reconcile(turn: Turn<O>): Promise<void> | void;
  /** Undoes what must be undone before the object goes. */
  finalize?(turn: Turn<O>): Promise<void> | void;
  /** The object is gone (or no longer selected), or never was. */
  forget?(key: ObjectKey): Promise<void> | void;
  /** What else than objects calls for a look. Returns the stop. */
  listen?(poke: (key: ObjectKey) => void, reader: Reader): () => void;
}

/** Gives the value in force of a config map. */
export type ConfigReader = <T>(definition: ConfigDefinition<T>) => T;

/** Checks nothing and keeps the types together. */
export function defineController<O extends KubeObject>(definition: ControllerDefinition<O>): ControllerDefinition<O> {
  return definition;
}

/** Something that runs until its signal ends. */
export interface Controller {
  readonly name: string;
  /** Resolves after the turns in hand. */
  run(signal: AbortSignal): Promise<void>;
}

/** Runs controllers side by side until the signal ends and the turns in hand are over. */
export async function runControllers(
  controllers: readonly Controller[],
  { signal }: { signal: AbortSignal },
): Promise<void> {
  await Promise.all(controllers.map((controller) => controller.run(signal)));
}
