// The logs of a Pod's runs while the node looks on, and what a run that has ended leaves as its last words.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Container } from '#kinds/mod.ts';
import type { Exit, RunningContainer } from './launcher.ts';
import { logFile, openLog, tailOf } from './logs.ts';
import type { PodLife } from './pod-life.ts';
import { RunLog } from './run-log.ts';

/** As kubelet bounds what is read from the message file, and from the log. */
const MOST_WORDS = 4096;
const TAIL = { bytes: 2048, lines: 80 };

export class PodLogs {
  readonly #life: PodLife;
  /** Of the present run of each container and the one before. */
  readonly #logs = new Map<string, RunLog>();

  constructor(life: PodLife) {
    this.#life = life;
  }

  /** Makes the place of a run's output. */
  open(container: string, run: number): string {
    const { ports, uid } = this.#life;
    return openLog(ports.folder, uid, container, run);
  }

  /** Looks on from now until the run ends. */
  watch(container: string, run: number, { exited }: RunningContainer, begun: number): void {
    const log = new RunLog(this.#file(container, run), this.#life.ports.clock, begun);
    this.#logs.set(`${container}/${run}`, log);
    this.#logs.delete(`${container}/${run - 2}`);
    void exited.then(() => log.close());
  }

  /** When the lines of a run came, if this node looked on. */
  of(container: string, run: number): RunLog | undefined {
    return this.#logs.get(`${container}/${run}`);
  }

  /** Looks on no more. */
  close(): void {
    for (const log of this.#logs.values()) log.close();
  }

  /** Where a run may write its last words. */
  messageFile(container: string, run: number): string {
    return join(this.#life.folder, `${container}-${run}.message`);
  }

  /** What a run left in its message file, or where that is empty and the policy says so the tail of its log. */
  async lastWords({ name, terminationMessagePolicy }: Container, run: number, exit: Exit): Promise<string> {
    const written = await readFile(this.messageFile(name, run), 'utf8').catch(() => '');
    if (written) return written.slice(0, MOST_WORDS);
    if (terminationMessagePolicy !== 'FallbackToLogsOnError' || exit.code === 0) return '';
    return tailOf(this.#file(name, run), TAIL.bytes, TAIL.lines);
  }

  #file(container: string, run: number): string {
    const { ports, uid } = this.#life;
    return logFile(ports.folder, uid, container, run);
  }
}
