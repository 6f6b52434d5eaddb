// A process's own heap, spoken to through Node's inspector, which a signal opens: the platform needs no code for it.

import { readFileSync } from 'node:fs';

/** What the platform has to be started with, so that two of its processes do not want the same port. */
export const INSPECTOR_OPTIONS = '--inspect-port=0';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** A conversation with the inspector of one process; its threads are reached through it. */
export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: Message) => void>();
  readonly #threads = new Set<string>();
  #nextId = 1;

  /** Opens the inspector of a process whose last words, at `said`, tell the address. */
  static async of(pid: number, said: () => string): Promise<Inspector> {
    process.kill(pid, 'SIGUSR1');
    const address = await addressIn(said);
    const socket = new WebSocket(address);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true });
      socket.addEventListener('error', () => reject(new Error(`no inspector answers at ${address}`)), { once: true });
    });
    const inspector = new Inspector(socket);
    await inspector.ask('NodeWorker.enable', { waitForDebuggerOnStart: false });
    return inspector;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#hear(JSON.parse(String(data)) as Message));
  }

  /** Garbage of the process and of its threads, all of it. */
  async collectGarbage(): Promise<void> {
    for (const sessionId of this.#threads) {
      const message = JSON.stringify({ id: this.#nextId++, method: 'HeapProfiler.collectGarbage' });
      await this.ask('NodeWorker.sendMessageToWorker', { sessionId, message });
    }
    await this.ask('HeapProfiler.collectGarbage');
  }

  ask(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => (error ? reject(new Error(error.message)) : resolve(result)));
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  close(): void {
    this.#socket.close();
  }

  #hear(message: Message): void {
    if (message.method === 'NodeWorker.attachedToWorker') this.#threads.add(String(message.params?.['sessionId']));
    if (message.id === undefined) return;
    this.#waiting.get(message.id)?.(message);
    this.#waiting.delete(message.id);
  }
}

const PATIENCE_MS = 10_000;

async function addressIn(said: () => string): Promise<string> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const address = [...said().matchAll(/Debugger listening on (ws:\S+)/g)].at(-1)?.[1];
    if (address) return address;
    if (Date.now() > end) throw new Error('the process did not say where its inspector listens');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What a file holds by now; nothing where it is not there. */
export function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
