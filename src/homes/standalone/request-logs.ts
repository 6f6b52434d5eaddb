// Where lines of the request log go: to a file beside the logs of the Pod that had the request, under the name of Knative's proxy.

import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RequestLogSink } from '#gateway/mod.ts';
import { requestLogFile } from '#node/mod.ts';
import type { Logger } from '#telemetry/mod.ts';

/** Lines that may wait for the disk for one Pod; what comes beyond is left out, and counted. */
const MAX_WAITING = 10_000;
const MOST_BYTES = 10 * 1024 * 1024;

/** Lines of requests that no Pod had go to the log of the process itself. */
export function requestLogFiles(folder: string, log: Logger): RequestLogSink {
  const files = new RequestLogFiles(folder, log);
  return (line, endpoint, target) => {
    if (endpoint) files.add(endpoint.id, line);
    else log.info('request', { revision: `${target.namespace}/${target.name}`, line });
  };
}

class RequestLogFiles {
  readonly #folder: string;
  readonly #log: Logger;
  readonly #waiting = new Map<string, string[]>();
  #writing = false;

  constructor(folder: string, log: Logger) {
    this.#folder = folder;
    this.#log = log;
  }

  add(podUid: string, line: string): void {
    const lines = this.#waiting.get(podUid);
    if (!lines) this.#waiting.set(podUid, [line]);
    else if (lines.length < MAX_WAITING) lines.push(line);
    else if (lines.length === MAX_WAITING) lines.push('(lines are left out here: the disk is too slow)');
    if (this.#writing) return;
    this.#writing = true;
    // What comes in one turn is one write.
    setImmediate(() => void this.#write());
  }

  async #write(): Promise<void> {
    for (let next = this.#take(); next; next = this.#take()) {
      const [podUid, lines] = next;
      await this.#append(requestLogFile(this.#folder, podUid), `${lines.join('\n')}\n`).catch((error: unknown) => {
        // The Pod has gone, and its logs with it.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#log.warn('request log', { podUid, error });
      });
    }
    this.#writing = false;
  }

  #take(): [string, string[]] | undefined {
    const first = this.#waiting.entries().next().value;
    if (first) this.#waiting.delete(first[0]);
    return first;
  }

  /** Makes the folder within that of the Pod, which must be there. */
  async #append(file: string, text: string): Promise<void> {
    const folder = dirname(file);
    for (const path of [dirname(folder), folder])
      await mkdir(path, { mode: 0o750 }).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      });
    await appendFile(file, text, { mode: 0o640 });
    if ((await stat(file)).size > MOST_BYTES) await rename(file, join(folder, `${file.slice(folder.length + 1)}.1`));
  }
}
