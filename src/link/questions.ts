// Questions that wait for their answers on one connection.

import type { Answer } from './words.ts';

interface Open {
  readonly done: (result: unknown) => void;
  readonly failed: (error: Error) => void;
}

export class Questions {
  readonly #open = new Map<number, Open>();
  #nextId = 1;

  /** Says something under a number of its own, and resolves with what is answered. */
  ask(say: (id: number) => void): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((done, failed) => {
      this.#open.set(id, { done, failed });
      say(id);
    });
  }

  hear(answer: Answer): void {
    const open = this.#open.get(answer.answer);
    this.#open.delete(answer.answer);
    if ('error' in answer) open?.failed(new Error(answer.error));
    else open?.done(answer.result);
  }

  /** The connection is gone, and with it the answers. */
  lose(error: Error): void {
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const { failed } of open) failed(error);
  }
}

/** The line went while somebody waited for an answer. */
export class LineLost extends Error {
  override readonly name = 'LineLost';
}
