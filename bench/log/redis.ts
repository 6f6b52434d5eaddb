// Redis streams as a peer: a server that syncs its append-only file before each answer, and as much of its protocol as XADD needs.

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { end, freePort, listening, PROXY_CORE, startOn } from '../processes.ts';
import type { Peer } from './peer.ts';

export async function startRedis(folder: string): Promise<Peer> {
  const port = await freePort();
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  const child = startOn(PROXY_CORE, 'redis-server', [...options, '--appendonly', 'yes', '--appendfsync', 'always']);
  await listening(port);
  const client = await RedisClient.open(port);
  return {
    pids: [child.pid ?? 0],
    port,
    append: (payload) => client.append(payload),
    async stop() {
      client.close();
      await end(child);
    },
  };
}

/** One connection; answers come in the order of the commands. */
class RedisClient {
  readonly #socket: Socket;
  readonly #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  #rest = '';
  #out: Buffer[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(this.#rest + chunk.toString('latin1')));
  }

  static open(port: number): Promise<RedisClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RedisClient(socket)));
    });
  }

  append(payload: Buffer): Promise<void> {
    const head = `*5\r\n$4\r\nXADD\r\n$5\r\nbench\r\n$1\r\n*\r\n$1\r\nd\r\n$${payload.length}\r\n`;
    if (this.#out.push(Buffer.from(head), payload, CRLF) === 3) setImmediate(() => this.#flush());
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #flush(): void {
    this.#socket.write(Buffer.concat(this.#out));
    this.#out = [];
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Answers are `$15\r\nID\r\n`, or `-ERR …\r\n`. */
  #take(text: string): void {
    let at = 0;
    for (;;) {
      const line = text.indexOf('\r\n', at);
      if (line < 0) break;
      if (text[at] === '-') {
        this.#waiting.shift()?.reject(new Error(text.slice(at + 1, line)));
        at = line + 2;
        continue;
      }
      const after = line + 2 + Number(text.slice(at + 1, line)) + 2;
      if (after > text.length) break;
      this.#waiting.shift()?.resolve();
      at = after;
    }
    this.#rest = text.slice(at);
  }
}

const CRLF = Buffer.from('\r\n');
