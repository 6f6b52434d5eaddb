// Takes folders away that may hold anything: in a process of its own, so that nothing waits for a hundred thousand files. Node's
// own asynchronous removal holds the event loop up for longer than the synchronous one, and paths may be longer than it takes.

import { run } from './tools.ts';

export class Removals {
  readonly #underWay = new Map<string, Promise<void>>();

  /** Takes a folder away with all that is in it, once nothing in it is being removed any more; one that is not there is no failure. */
  remove(folder: string): Promise<void> {
    const begun = this.#underWay.get(folder);
    if (begun) return begun;
    const done = this.settled(folder)
      .then(() => run('rm', ['-rf', '--', folder]))
      .then(() => undefined)
      .finally(() => this.#underWay.delete(folder));
    this.#underWay.set(folder, done);
    return done;
  }

  /** Resolves when what is being removed below a folder now, or anywhere, has gone or could not be removed. */
  async settled(folder = ''): Promise<void> {
    const below = [...this.#underWay].filter(([path]) => path.startsWith(`${folder}/`));
    await Promise.allSettled(below.map(([, done]) => done));
  }
}
