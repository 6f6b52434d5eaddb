// What the control process told, kept on the log: a data process that starts anew takes events before anybody tells it again.

import type { Change } from '#link/mod.ts';
import { nameOf } from '#link/mod.ts';
import { isSame, put } from './assembly.ts';
import type { EventLog } from './log/log.ts';

/** The stream whose marks they are. No stream of events has such a name. */
const STREAM = 'told';

/** The pieces of all rules, as the line tells them. */
export class Remembered {
  readonly #log: EventLog;
  readonly #known: Map<string, Change>;
  /** Names of what the log does not have yet. */
  readonly #unsaved = new Set<string>();

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

  /** Resolves once it is durable; what is known already costs nothing. What could not be noted is noted with what comes next. */
  async note(changes: readonly Change[]): Promise<void> {
    for (const change of changes) this.#hear(change);
    const names = [...this.#unsaved];
    if (names.length === 0) return;
    this.#unsaved.clear();
    try {
      await this.#log.saveMarks(STREAM, new Map(names.map((name) => [name, bytesOf(this.#known.get(name))])));
    } catch (error) {
      for (const name of names) this.#unsaved.add(name);
      throw error;
    }
  }

  #hear({ kind, key, value }: Change): void {
    const name = nameOf({ kind, key });
    if (isSame(this.#known.get(name)?.value, value)) return;
    put(this.#known, name, value === undefined ? undefined : { kind, key, value });
    this.#unsaved.add(name);
  }
}

function bytesOf(change: Change | undefined): Uint8Array | undefined {
  return change && Buffer.from(JSON.stringify(change.value));
}

function changeOf(name: string, bytes: Uint8Array): Change {
  const cut = name.indexOf('\n');
  return { kind: name.slice(0, cut), key: name.slice(cut + 1), value: JSON.parse(Buffer.from(bytes).toString()) };
}
