// An object database in memory whose commits a test lets through, holds back or refuses.

import type { Mutation, ObjectDatabase, StoredObject } from '#storage/mod.ts';

export class ScriptedDatabase implements ObjectDatabase {
  readonly #initial: readonly StoredObject[];
  initial: readonly StoredObject[];
  readonly firstRevision: number;
  readonly cleanStart: boolean;
  /** Every mutation in the order in which it reached the disk. */
  readonly mutations: Mutation[] = [];
  /** The sizes of the transactions. */
  readonly commits: number[] = [];
  reservedThrough = 0;
  /** Decides the fate of a commit: return to let it through, throw to refuse it. */
  onCommit: (mutations: readonly Mutation[]) => void | Promise<void> = () => undefined;

  constructor({
    initial = [],
    firstRevision = 1,
    cleanStart = true,
  }: Partial<Pick<ObjectDatabase, 'initial' | 'firstRevision' | 'cleanStart'>> = {}) {
    this.initial = this.#initial = initial;
    this.firstRevision = firstRevision;
    this.cleanStart = cleanStart;
  }

  async commit(mutations: readonly Mutation[]): Promise<void> {
    await this.onCommit(mutations);
    this.commits.push(mutations.length);
    this.mutations.push(...mutations);
  }

  commitLazily(mutations: readonly Mutation[]): void {
    this.mutations.push(...mutations);
  }

  async reserve(through: number): Promise<void> {
    this.reservedThrough = Math.max(this.reservedThrough, through);
    return Promise.resolve();
  }

  /** What the disk holds now. */
  stored(): StoredObject[] {
    const all = new Map(this.#initial.map((object) => [placeOf(object), object] as const));
    for (const mutation of this.mutations) {
      if ('put' in mutation) all.set(placeOf(mutation.put), mutation.put);
      else all.delete(placeOf(mutation.remove));
    }
    return [...all.values()];
  }

  forgetInitial(): void {
    this.initial = [];
  }

  async backup(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    return Promise.resolve();
  }
}

function placeOf({ resource, namespace, name }: { resource: string; namespace: string; name: string }): string {
  return `${resource} ${namespace}/${name}`;
}
