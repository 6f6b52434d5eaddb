// What the platform has promised, kept by someone who shares nothing with it: writes it acknowledged, and numbers it gave out.

import { createHash } from 'node:crypto';
import type { KubeObject } from '#machinery/mod.ts';

/** What a writer put into an object; undefined where the object should not be there. */
export type Content = Readonly<Record<string, string>> | undefined;

/** What is known of one object that has one writer. */
interface Entry {
  content: Content;
  resourceVersion: number;
  /** A write that was under way when its answer failed to come: it may have happened. */
  doubtful?: { readonly content: Content };
}

export class Recorder {
  readonly #entries = new Map<string, Entry>();
  readonly #given = new Map<number, string>();
  acknowledged = 0;
  doubtful = 0;
  highest = 0;
  /** Numbers that were seen with two different contents. */
  readonly twice: string[] = [];

  /** The last acknowledged content, and whether the next state is in doubt. */
  content(key: string): Content {
    return this.#entries.get(key)?.content;
  }

  isDoubtful(key: string): boolean {
    return this.#entries.get(key)?.doubtful !== undefined;
  }

  keys(): string[] {
    return [...this.#entries.keys()];
  }

  /** An answer came. A deletion's number is unknown: the object's own before it is kept as the least. */
  acknowledge(key: string, content: Content, resourceVersion: number): void {
    this.acknowledged += 1;
    const before = this.#entries.get(key)?.resourceVersion ?? 0;
    this.#entries.set(key, { content, resourceVersion: Math.max(before, resourceVersion) });
  }

  /** No answer came. */
  doubt(key: string, content: Content): void {
    this.doubtful += 1;
    const before = this.#entries.get(key) ?? { content: undefined, resourceVersion: 0 };
    this.#entries.set(key, { ...before, doubtful: { content } });
  }

  /**
   * What an object is after a restart; says what is wrong with it. From then on what was found is what counts.
   * `exact` where nobody else writes the object, so that its number must be the acknowledged one.
   */
  verify(key: string, found: Content, resourceVersion: number, exact: boolean): string | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return `${key} is there, but nobody asked for it`;
    const { content, doubtful, resourceVersion: least } = entry;
    this.#entries.set(key, { content: found, resourceVersion: found ? resourceVersion : least });
    if (same(found, content)) {
      const isRight = !found || (exact ? resourceVersion === least : resourceVersion >= least);
      return isRight ? undefined : `${key} has resourceVersion ${resourceVersion}, but ${least} was acknowledged`;
    }
    const isNewer = !found || resourceVersion > least;
    if (doubtful && same(found, doubtful.content) && isNewer) return undefined;
    return `${key} is ${JSON.stringify(found)} at ${resourceVersion}, but ${JSON.stringify(content)} was acknowledged at ${least}`;
  }

  /** A state of an object was seen under its number. */
  see(object: KubeObject, isEnd = false): void {
    const { resourceVersion = '', namespace = '', name } = object.metadata;
    const number = Number(resourceVersion);
    this.highest = Math.max(this.highest, number);
    const print = `${object.kind} ${namespace}/${name} ${isEnd ? 'gone' : fingerprint(object)}`;
    const before = this.#given.get(number);
    if (before === undefined) this.#given.set(number, print);
    else if (before !== print) this.twice.push(`${number}: ${before} and ${print}`);
  }

  get numbersSeen(): number {
    return this.#given.size;
  }
}

function same(a: Content, b: Content): boolean {
  return sorted(a) === sorted(b);
}

function fingerprint(object: KubeObject): string {
  return createHash('sha256').update(sorted(object)).digest('hex').slice(0, 16);
}

/** JSON with sorted keys. */
function sorted(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? 'nothing'
  );
}
