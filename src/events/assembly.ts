// Stream rules are sent in pieces, so that a change sends only what changed: taken apart here by the sender, put together by the
// receiver.

import type { Change } from '#link/mod.ts';
import type { Consumer, StreamRule } from './control.ts';

type StreamHead = Omit<StreamRule, 'consumers'>;

/** Rules put together from their pieces: those of consumers that did not change stay the same objects. */
export class Assembly {
  readonly #heads = new Map<string, StreamHead>();
  readonly #consumers = new Map<string, Map<string, Consumer>>();

  /** Gives the streams that changed. */
  take(changes: readonly Change[]): string[] {
    const changed = new Set<string>();
    for (const change of changes) {
      const stream = streamOf(change);
      if (stream === undefined) continue;
      if (change.kind === 'stream') put(this.#heads, stream, change.value as StreamHead | undefined);
      else this.#takeConsumer(stream, change);
      changed.add(stream);
    }
    return [...changed];
  }

  get keys(): string[] {
    return [...this.#heads.keys()];
  }

  rule(key: string): StreamRule | undefined {
    const head = this.#heads.get(key);
    return head && { ...head, consumers: Object.fromEntries(this.#consumers.get(key) ?? []) };
  }

  #takeConsumer(stream: string, { key, value }: Change): void {
    const [, id] = JSON.parse(key) as [string, string];
    const consumers = this.#consumers.get(stream) ?? new Map<string, Consumer>();
    this.#consumers.set(stream, consumers);
    put(consumers, id, value as Consumer | undefined);
    if (consumers.size === 0) this.#consumers.delete(stream);
  }
}

/** The stream that a change is about; undefined where it is about none. */
export function streamOf({ kind, key }: Change): string | undefined {
  if (kind === 'stream') return key;
  return kind === 'consumer' ? (JSON.parse(key) as [string, string])[0] : undefined;
}

/** A stream without its consumers, and each consumer by itself, as far as they differ. */
export function difference(key: string, before: StreamRule | undefined, after: StreamRule | undefined): Change[] {
  const ids = new Set([...Object.keys(before?.consumers ?? {}), ...Object.keys(after?.consumers ?? {})]);
  const changes: Change[] = [];
  for (const id of ids) {
    const [old, now] = [before?.consumers[id], after?.consumers[id]];
    if (!isSame(old, now)) changes.push({ kind: 'consumer', key: JSON.stringify([key, id]), value: now });
  }
  const [old, now] = [headOf(before), headOf(after)];
  if (!isSame(old, now)) changes.push({ kind: 'stream', key, value: now });
  return changes;
}

function headOf(rule: StreamRule | undefined): StreamHead | undefined {
  if (!rule) return undefined;
  const { consumers: _, ...head } = rule;
  return head;
}

export function put<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

export function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
