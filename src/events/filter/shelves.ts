// Where the filters of an index lie: under what they require of an attribute. An event is led to those whose requirement it meets,
// by one look-up for each of its attributes, and one for each length of prefixes and suffixes that are asked of that attribute.

import type { Requirement } from '#cesql/mod.ts';

/** By what is required of one attribute; of prefixes and suffixes by their lengths first. */
type Shelf<E> = Readonly<Record<Requirement['kind'], Map<number, Map<string, Set<E>>>>>;

/** Texts that are required as a whole need no length. */
const WHOLE = 0;

export class Shelves<E> {
  readonly #byName = new Map<string, Shelf<E>>();

  /** How many lie under a requirement. */
  count(requirement: Requirement): number {
    return this.#find(requirement)?.size ?? 0;
  }

  add(entry: E, requirement: Requirement): void {
    const { name, kind, text } = requirement;
    const shelf = made(this.#byName, name, () => ({ exact: new Map(), prefix: new Map(), suffix: new Map() }));
    const byText = made(shelf[kind], lengthOf(requirement), () => new Map<string, Set<E>>());
    made(byText, text, () => new Set<E>()).add(entry);
  }

  /** Whatever it leaves empty goes. */
  take(entry: E, requirement: Requirement): void {
    const { name, kind, text } = requirement;
    const shelf = this.#byName.get(name);
    const byText = shelf?.[kind].get(lengthOf(requirement));
    const entries = byText?.get(text);
    if (!shelf || !byText || !entries) return;
    entries.delete(entry);
    if (entries.size === 0) byText.delete(text);
    if (byText.size === 0) shelf[kind].delete(lengthOf(requirement));
    if (shelf.exact.size + shelf.prefix.size + shelf.suffix.size === 0) this.#byName.delete(name);
  }

  /** Gives each entry whose requirement the text of an attribute meets; each once. */
  forEachUnder(name: string, text: string, give: (entry: E) => void): void {
    const shelf = this.#byName.get(name);
    if (!shelf) return;
    shelf.exact.get(WHOLE)?.get(text)?.forEach(give);
    for (const [length, byText] of shelf.prefix)
      if (length <= text.length) byText.get(text.slice(0, length))?.forEach(give);
    for (const [length, byText] of shelf.suffix)
      if (length <= text.length) byText.get(text.slice(text.length - length))?.forEach(give);
  }

  #find(requirement: Requirement): Set<E> | undefined {
    return this.#byName.get(requirement.name)?.[requirement.kind].get(lengthOf(requirement))?.get(requirement.text);
  }
}

function lengthOf({ kind, text }: Requirement): number {
  return kind === 'exact' ? WHOLE : text.length;
}

function made<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const there = map.get(key);
  if (there !== undefined) return there;
  const value = make();
  map.set(key, value);
  return value;
}
