// Many filters at once. Those that require something of an attribute lie under it, so that an event meets only those whose
// requirement it meets; the few others are asked one by one.

import type { Functions, Requirement } from '#cesql/mod.ts';
import type { Filter } from '../control.ts';
import type { CloudEvent } from '../event.ts';
import { attributeText } from '../event.ts';
import type { CompiledFilter } from './compile.ts';
import { compileFilters } from './compile.ts';
import { Shelves } from './shelves.ts';

interface Entry<T> {
  readonly id: T;
  readonly filter: CompiledFilter;
  /** What it lies under, each of them; among the others where it requires nothing. */
  readonly under: readonly Requirement[] | undefined;
  /** The last event that it was asked about, by its turn: under several, an event may meet it again. */
  turn: number;
}

export class FilterIndex<T> {
  readonly #entries = new Map<T, Entry<T>>();
  readonly #shelves = new Shelves<Entry<T>>();
  readonly #others = new Set<Entry<T>>();
  readonly #functions: Functions | undefined;
  #turn = 0;

  constructor(functions?: Functions) {
    this.#functions = functions;
  }

  /** Filters under an id; those it had before are gone. */
  set(id: T, filters: readonly Filter[]): void {
    this.delete(id);
    const filter = compileFilters(filters, this.#functions);
    const under = this.#leastCrowded(filter.required);
    const entry = { id, filter, under, turn: 0 };
    this.#entries.set(id, entry);
    if (under) for (const requirement of under) this.#shelves.add(entry, requirement);
    else this.#others.add(entry);
  }

  delete(id: T): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    if (entry.under) for (const requirement of entry.under) this.#shelves.take(entry, requirement);
    else this.#others.delete(entry);
  }

  /** The ids whose filters an event passes; in no certain order. */
  matching(event: CloudEvent): T[] {
    const ids: T[] = [];
    const turn = ++this.#turn;
    const ask = (entry: Entry<T>) => {
      if (entry.turn === turn) return;
      entry.turn = turn;
      if (entry.filter.matches(event)) ids.push(entry.id);
    };
    for (const [name, value] of event.attributes) this.#shelves.forEachUnder(name, attributeText(value), ask);
    this.#others.forEach(ask);
    return ids;
  }

  /** Of what a filter requires, what the fewest others lie under; few and whole texts rather than many and their ends. */
  #leastCrowded(required: CompiledFilter['required']): readonly Requirement[] | undefined {
    let best: readonly Requirement[] | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    for (const group of required) {
      let crowd = 0;
      for (const requirement of group)
        crowd += this.#shelves.count(requirement) + (requirement.kind === 'exact' ? 0.1 : 0.2);
      if (crowd >= fewest) continue;
      best = group;
      fewest = crowd;
    }
    return best;
  }
}
