// The data process's end of the line. What it was told stays in force when the control process goes.

import { chmod } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { messageOf } from '#base/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { readValues, writeValue } from './lines.ts';
import { listenAt } from './listen.ts';
import { LineLost, Questions } from './questions.ts';
import type { Answering, Change, FromControl, FromData, Request } from './words.ts';
import { answerTo } from './words.ts';

export interface ServeOptions {
  readonly log: Logger;
  /** Carries changes out, in the order they were told. `isAll`: from here on everything that is wanted is known. */
  readonly apply: (changes: readonly Change[], isAll: boolean) => Promise<void>;
  readonly answering: Answering;
  /** What an earlier process of its kind was told and is in force here, so that a reset finds what of it is stale. */
  readonly known?: readonly Change[];
}

export interface LinkServer {
  /** Left out where the control process does not listen, or reads too slowly. */
  tell(name: string, value: unknown): void;
  /** Rejects where there is no control process, or it goes before it has answered. */
  ask(name: string, argument: unknown): Promise<unknown>;
  close(): Promise<void>;
}

/** Bytes that may wait for a control process that does not read. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;

/** Listens at the path, for its owner alone. Rejects where another process listens there. */
export async function serveLink(socketPath: string, options: ServeOptions): Promise<LinkServer> {
  const told = new Told(options);
  const lines = new Map<Socket, Questions>();
  const server = createServer((socket) => {
    const questions = new Questions();
    lines.set(socket, questions);
    socket.on('error', (error) => options.log.warn('the line to the control process failed', { error }));
    socket.once('close', () => {
      lines.delete(socket);
      questions.lose(new LineLost('the control process left'));
    });
    readValues(socket, (value) => hear(socket, value as FromControl, questions, told, options.answering));
  });
  await listenAt(server, socketPath);
  await chmod(socketPath, 0o600);
  return {
    tell(news, value) {
      for (const socket of lines.keys()) if (socket.writableLength < MAX_UNREAD_BYTES) say(socket, { news, value });
    },
    ask(name, argument) {
      const newest = [...lines].at(-1);
      if (!newest) return Promise.reject(new LineLost('there is no control process'));
      const [socket, questions] = newest;
      return questions.ask((id) => say(socket, { id, op: 'ask', name, argument }));
    },
    async close() {
      for (const socket of lines.keys()) socket.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

function say(socket: Socket, message: FromData): void {
  writeValue(socket, message);
}

function hear(socket: Socket, message: FromControl, questions: Questions, told: Told, answering: Answering): void {
  if ('answer' in message) return questions.hear(message);
  if (message.op === 'ask') return void answerTo(message, answering).then((answer) => say(socket, answer));
  const { id } = message;
  told.take(message).then(
    () => say(socket, { answer: id, result: null }),
    (error: unknown) => say(socket, { answer: id, error: messageOf(error) }),
  );
}

/** What was told over all connections, so that a reset finds what is stale. */
class Told {
  readonly #options: ServeOptions;
  readonly #known = new Map<string, Change>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ServeOptions) {
    this.#options = options;
    for (const change of options.known ?? []) this.#note(change);
  }

  /** One after the other, so that no older word replaces a newer one. */
  take(request: Exclude<Request, { op: 'ask' }>): Promise<void> {
    const taken = this.#last.then(() =>
      request.op === 'reset'
        ? this.#apply(
            [...request.wanted, ...(request.unfinished ? [] : this.#stale(request.wanted))],
            !request.unfinished,
          )
        : this.#apply(request.changes, false),
    );
    this.#last = taken.catch(() => undefined);
    return taken;
  }

  #stale(wanted: readonly Change[]): Change[] {
    const names = new Set(wanted.map(nameOf));
    return [...this.#known.values()]
      .filter((change) => !names.has(nameOf(change)))
      .map(({ kind, key }) => ({ kind, key, isStale: true }));
  }

  async #apply(changes: readonly Change[], isAll: boolean): Promise<void> {
    for (const change of changes) this.#note(change);
    await this.#options.apply(changes, isAll);
  }

  #note({ kind, key, value }: Change): void {
    if (value === undefined) this.#known.delete(nameOf({ kind, key }));
    else this.#known.set(nameOf({ kind, key }), { kind, key, value: null });
  }
}

function nameOf({ kind, key }: Change): string {
  return `${kind}\n${key}`;
}
