// The data process's end of the line. What it was told stays in force when the control process goes.

import { chmod } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from '#telemetry/mod.ts';
import { readValues, writeValue } from './lines.ts';
import { listenAt } from './listen.ts';
import { LineLost, Questions } from './questions.ts';
import type { Answering, Change, Failure, FromControl, FromData, News, Request } from './words.ts';
import { answerOf, answerTo, nameOf } from './words.ts';

export interface ServeOptions {
  readonly log: Logger;
  /**
   * Carries changes out, and gives those that could not be. `isAll`: from here on everything that is wanted is known. It is
   * called in the order in which things were told, after the last whole is carried out, but not after each change before it:
   * one that takes a while need not hold up the others. That no older word replaces a newer one is its own affair.
   */
  readonly apply: (changes: readonly Change[], isAll: boolean) => Promise<readonly Failure[]>;
  /** What is asked for after a whole was told is answered after it is carried out. */
  readonly answering: Answering;
  /** What an earlier process of its kind was told and is in force here, so that a reset finds what of it is stale. */
  readonly known?: readonly Change[];
  /** What each control process that comes hears first. */
  readonly greeting?: News;
  /** A control process came or went: so many are there now. */
  readonly onPresence?: (there: number) => void;
}

export interface LinkAttendant {
  /** Listens to a control process, over whatever connects them. */
  attend(connection: Duplex): void;
  /** Left out where the control process does not listen, or reads too slowly. */
  tell(name: string, value: unknown): void;
  /** Rejects where there is no control process, or it goes before it has answered. */
  ask(name: string, argument: unknown): Promise<unknown>;
}

export interface LinkServer extends Omit<LinkAttendant, 'attend'> {
  close(): Promise<void>;
}

/** Bytes that may wait for a control process that does not read. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;

/** Listens at the path, for its owner alone. Rejects where another process listens there. */
export async function serveLink(socketPath: string, options: ServeOptions): Promise<LinkServer> {
  const line = attendLink(options);
  const { close } = await listenLink(socketPath, line);
  return { tell: line.tell, ask: line.ask, close };
}

/** The same for a line that is there already: for those who ask or tell on it in answer to what they hear. */
export async function listenLink(
  socketPath: string,
  { attend }: Pick<LinkAttendant, 'attend'>,
): Promise<{ close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    attend(socket);
  });
  await listenAt(server, socketPath);
  await chmod(socketPath, 0o600);
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

/** Attends to one control process after another. */
export function attendLink(options: ServeOptions): LinkAttendant {
  const { log, greeting, onPresence } = options;
  const told = new Told(options);
  const lines = new Map<Duplex, Questions>();
  return {
    attend(connection) {
      const questions = new Questions();
      lines.set(connection, questions);
      onPresence?.(lines.size);
      connection.on('error', (error) => log.warn('the line to the control process failed', { error }));
      connection.once('close', () => {
        lines.delete(connection);
        onPresence?.(lines.size);
        questions.lose(new LineLost('the control process left'));
        log.info('control process left');
      });
      log.info('control process came');
      if (greeting) say(connection, greeting);
      readValues(connection, (value) => {
        const message = value as FromControl;
        if ('answer' in message) questions.hear(message);
        else void told.answer(message).then((answer) => say(connection, answer));
      });
    },
    tell(news, value) {
      for (const line of lines.keys()) if (line.writableLength < MAX_UNREAD_BYTES) say(line, { news, value });
    },
    ask(name, argument) {
      const newest = [...lines].at(-1);
      if (!newest) return Promise.reject(new LineLost('there is no control process'));
      const [line, questions] = newest;
      return questions.ask((id) => say(line, { id, op: 'ask', name, argument }));
    },
  };
}

function say(line: Duplex, message: FromData): void {
  writeValue(line, message);
}

/** What was told over all connections, so that a reset finds what is stale. */
class Told {
  readonly #options: ServeOptions;
  readonly #known = new Map<string, Change>();
  /** What comes after a whole waits for it, so that no older word replaces a newer one. */
  #whole: Promise<unknown> = Promise.resolve();

  constructor(options: ServeOptions) {
    this.#options = options;
    for (const change of options.known ?? []) this.#note(change);
  }

  async answer(request: Request) {
    const earlier = this.#whole;
    if (request.op === 'reset') {
      const reset = answerOf(request.id, async () => {
        await earlier;
        const stale = request.unfinished ? [] : this.#stale(request.wanted);
        return this.#apply([...request.wanted, ...stale], !request.unfinished);
      });
      this.#whole = reset;
      return reset;
    }
    await earlier;
    if (request.op === 'ask') return answerTo(request, this.#options.answering);
    return answerOf(request.id, () => this.#apply(request.changes, false));
  }

  #stale(wanted: readonly Change[]): Change[] {
    const names = new Set(wanted.map(nameOf));
    return [...this.#known.values()]
      .filter((change) => !names.has(nameOf(change)))
      .map(({ kind, key }) => ({ kind, key, isStale: true }));
  }

  #apply(changes: readonly Change[], isAll: boolean): Promise<readonly Failure[]> {
    for (const change of changes) this.#note(change);
    return this.#options.apply(changes, isAll);
  }

  #note({ kind, key, value }: Change): void {
    if (value === undefined) this.#known.delete(nameOf({ kind, key }));
    else this.#known.set(nameOf({ kind, key }), { kind, key, value: null });
  }
}
