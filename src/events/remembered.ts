// What the control process told, kept on the log: a data process that starts anew takes events before anybody tells it again.

import type { Change } from '#link/mod.ts';
import { isSame } from './assembly.ts';
import type { EventLog } from './log/log.ts';

/** The stream whose marks they are. No stream of events has such a name. */
const STREAM = 'told';

/** The pieces of all rules, as the line tells them. */
export class Remembered {
  readonly #log: EventLog;
  readonly #known: Map<string, Change>;

  private constructor(log: EventLog, known: Map<string, Change>) {
    this.#log = log;
    this.#known = known;
  }

  static async open(log: EventLog): Promise<Remembered> {
    const marks = await log.loadMarks(STREAM);
    return new Remembered(log, new Map([...marks].map(([name, bytes]) => [name, changeOf(name, bytes)])));
  }

  get all(): readonly Change[] {
    return [...this.#known.values()];
  }

  /** Notes what is wanted, or is not any more. Resolves once it is durable; what is known already costs nothing. */
  async note(changes: readonly Change[]): Promise<void> {
    const fresh = changes.filter((change) => !isSame(this.#known.get(nameOf(change))?.value, change.value));
    if (fresh.length === 0) return;
    await this.#log.saveMarks(STREAM, new Map(fresh.map((change) => [nameOf(change), bytesOf(change)])));
    for (const { kind, key, value } of fresh) {
      if (value === undefined) this.#known.delete(nameOf({ kind, key }));
      else this.#known.set(nameOf({ kind, key }), { kind, key, value });
    }
  }
}

const nameOf = ({ kind, key }: Change): string => `${kind}\n${key}`;

function bytesOf({ value }: Change): Uint8Array | undefined {
  return value === undefined ? undefined : Buffer.from(JSON.stringify(value));
}

function changeOf(name: string, bytes: Uint8Array): Change {
  const cut = name.indexOf('\n');
  return { kind: name.slice(0, cut), key: name.slice(cut + 1), value: JSON.parse(Buffer.from(bytes).toString()) };
}
