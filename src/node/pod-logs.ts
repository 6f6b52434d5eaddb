// The logs of a Pod's runs while the node looks on, and what a run that has ended leaves as its last words.

import { chmod, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Container } from '#kinds/mod.ts';
import type { Exit, RunningContainer } from './launcher.ts';
import { logFile, openLog, tailOf } from './logs.ts';
import type { PodLife } from './pod-life.ts';
import { RunLog } from './run-log.ts';

/** As kubelet bounds what is read from the message file, and from the log. */
const MOST_WORDS = 4096;
const TAIL = { bytes: 2048, lines: 80 };

/** Where a run writes: its output, and its last words. */
export interface RunFiles {
  readonly logFile: string;
  readonly messageFile: string;
}

/** Whoever the container runs as may write its last words there. */
async function makeMessageFile(file: string): Promise<void> {
  await writeFile(file, '');
  await chmod(file, 0o666);
}

export class PodLogs {
  readonly #life: PodLife;
  /** Of the present run of each container and the one before. */
  readonly #logs = new Map<string, RunLog>();
  /** Files of first runs that nobody has asked for yet. */
  readonly #ahead = new Map<string, Promise<RunFiles>>();

  constructor(life: PodLife) {
    this.#life = life;
  }

  /** Those of a container's first run, while something else is waited for. */
  makeAhead(container: string): void {
    const made = this.#makeNow(container, 0);
    // Who asks for them hears of it.
    made.catch(() => undefined);
    this.#ahead.set(container, made);
  }

  /** Makes the files of a run. */
  make(container: string, run: number): Promise<RunFiles> {
    const ahead = run === 0 ? this.#ahead.get(container) : undefined;
    this.#ahead.delete(container);
    return ahead ?? this.#makeNow(container, run);
  }

  async #makeNow(container: string, run: number): Promise<RunFiles> {
    const { ports, uid } = this.#life;
    const messageFile = this.messageFile(container, run);
    const [logFile] = await Promise.all([
      openLog(ports.folder, uid, container, run),
      ports.launcher.hasNoMessageFiles ? undefined : makeMessageFile(messageFile),
    ]);
    return { logFile, messageFile };
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

  /** Where the logs of all runs of a container lie. */
  folder(container: string): string {
    return dirname(this.#file(container, 0));
  }

  #file(container: string, run: number): string {
    const { ports, uid } = this.#life;
    return logFile(ports.folder, uid, container, run);
  }
}
