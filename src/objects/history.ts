// The changes that a watch may still ask for: a bounded window over each resource.

import type { KubeObject } from '#machinery/mod.ts';

/** One change of the store. `before` is absent for what is new, `after` for what is gone. */
export class StoreChange {
  readonly revision: number;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
  #gone: KubeObject | undefined;

  constructor(parts: Pick<StoreChange, 'revision' | 'resource' | 'namespace' | 'name' | 'before' | 'after'>) {
    this.revision = parts.revision;
    this.resource = parts.resource;
    this.namespace = parts.namespace;
    this.name = parts.name;
    this.before = parts.before;
    this.after = parts.after;
  }

  /** The last state with the revision of its end: what DELETED carries. */
  get gone(): KubeObject | undefined {
    const { before } = this;
    if (!before) return undefined;
    this.#gone ??= Object.freeze({
      ...before,
      metadata: Object.freeze({ ...before.metadata, resourceVersion: String(this.revision) }),
    });
    return this.#gone;
  }
}

export interface HistoryBounds {
  /** Changes over all resources. */
  readonly total: number;
  /** Changes that a resource keeps however busy the others are. */
  readonly perResource: number;
  /** Sum of the texts' lengths over all resources: what bounds memory where objects are large. */
  readonly totalLength: number;
}

/** Half of one of Kubernetes' own watch caches at its largest (102,400), for all resources together. */
export const HISTORY_BOUNDS: HistoryBounds = { total: 50_000, perResource: 1000, totalLength: 2 ** 27 };

interface Entry {
  readonly change: StoreChange;
  readonly length: number;
}

interface Window {
  /** Every change after this revision is held. */
  start: number;
  length: number;
  readonly entries: Entry[];
}

export class History {
  readonly #bounds: HistoryBounds;
  readonly #windows = new Map<string, Window>();
  readonly #opening: number;
  #total = 0;
  #totalLength = 0;

  /** `opening` is the revision at which this run began; nothing before it is known. */
  constructor(opening: number, bounds: HistoryBounds = HISTORY_BOUNDS) {
    this.#opening = opening;
    this.#bounds = bounds;
  }

  /** `length` is that of the object's text, as a measure of its size. */
  add(change: StoreChange, length: number): void {
    const window = this.#windows.get(change.resource) ?? { start: this.#opening, length: 0, entries: [] };
    this.#windows.set(change.resource, window);
    window.entries.push({ change, length });
    window.length += length;
    this.#total++;
    this.#totalLength += length;
    this.#trim();
  }

  /** From which revision on changes of this resource may be asked for. */
  oldest(resource: string): number {
    return this.#windows.get(resource)?.start ?? this.#opening;
  }

  /** The changes after `revision`, oldest first; undefined where the window begins later. */
  since(resource: string, revision: number): readonly StoreChange[] | undefined {
    if (revision < this.oldest(resource)) return undefined;
    const entries = this.#windows.get(resource)?.entries ?? [];
    const first = firstAfter(entries, revision);
    return entries.slice(first).map(({ change }) => change);
  }

  // A tenth of the fullest window at once, so that the cost of cutting is spread over many changes. Large objects may
  // push a window below its share of changes, to a tenth of it.
  #trim(): void {
    const { total, totalLength, perResource } = this.#bounds;
    const byLength = this.#totalLength > totalLength;
    if (!byLength && this.#total <= total) return;
    const size = byLength ? (window: Window) => window.length : (window: Window) => window.entries.length;
    let fullest: Window | undefined;
    for (const window of this.#windows.values()) if (!fullest || size(window) > size(fullest)) fullest = window;
    if (fullest) this.#cut(fullest, byLength ? Math.ceil(perResource / 10) : perResource);
  }

  #cut(window: Window, keep: number): void {
    const count = Math.min(window.entries.length - keep, Math.ceil(window.entries.length / 10));
    if (count <= 0) return;
    const gone = window.entries.splice(0, count);
    const length = gone.reduce((sum, entry) => sum + entry.length, 0);
    window.start = gone.at(-1)?.change.revision ?? window.start;
    window.length -= length;
    this.#total -= count;
    this.#totalLength -= length;
  }
}

function firstAfter(entries: readonly Entry[], revision: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.change.revision ?? 0) > revision) high = middle;
    else low = middle + 1;
  }
  return low;
}
