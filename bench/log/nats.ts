// NATS JetStream as a peer: a server with a stream in a file, and as much of its protocol as publishing with acknowledgement needs.

import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { repository } from '../../test/harness/platform.ts';
import { end, freePort, has, listening, PROXY_CORE, startOn } from '../processes.ts';
import type { Peer } from './peer.ts';

/** The server that the strangers build, which knows `sync_interval: always`; else the system's, which may be too old for it. */
export function natsServer(): { readonly command: string; readonly syncsAlways: boolean } | undefined {
  const built = join(repository, '.cache/strangers/bin/nats-server');
  if (existsSync(built)) return { command: built, syncsAlways: true };
  return has('nats-server') ? { command: 'nats-server', syncsAlways: false } : undefined;
}

/** What to do for the peer that is not there. */
export const NO_SYNC_ALWAYS =
  'no nats-server of 2.10 or newer: JetStream with sync_interval always is left out (npm run bench -- --build builds one, and takes Go)';

/** `sync`: what the server's `sync_interval` is; its own choice (two minutes) unless told. */
export async function startNats(command: string, folder: string, sync?: 'always'): Promise<Peer> {
  const port = await freePort();
  const config = join(folder, 'nats.conf');
  const interval = sync ? `, sync_interval: ${sync}` : '';
  writeFileSync(
    config,
    `listen: 127.0.0.1:${port}
jetstream { store_dir: "${join(folder, 'jetstream')}"${interval} }
`,
  );
  const child = startOn(PROXY_CORE, command, ['-c', config]);
  await listening(port);
  const client = await NatsClient.open(port);
  const stream = { name: 'bench', subjects: ['bench'], storage: 'file', num_replicas: 1, discard: 'new' };
  await client.ask('$JS.API.STREAM.CREATE.bench', Buffer.from(JSON.stringify(stream)));
  return {
    pids: [child.pid ?? 0],
    port,
    append: async (payload) => void (await client.ask('bench', payload)),
    async stop() {
      client.close();
      await end(child);
    },
  };
}

type Waiting = { readonly resolve: (answer: string) => void; readonly reject: (error: Error) => void };

/** One connection; each question has an inbox of its own below one subscription. */
class NatsClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #rest = '';
  #out: Buffer[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(this.#rest + chunk.toString('latin1')));
    socket.write('CONNECT {"verbose":false,"pedantic":false,"headers":false}\r\nSUB _i.* 1\r\n');
  }

  static open(port: number): Promise<NatsClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new NatsClient(socket)));
    });
  }

  ask(subject: string, payload: Buffer): Promise<string> {
    const inbox = this.#next++;
    const head = Buffer.from(`PUB ${subject} _i.${inbox} ${payload.length}\r\n`);
    if (this.#out.push(head, payload, CRLF) === 3) setImmediate(() => this.#flush());
    return new Promise((resolve, reject) => this.#waiting.set(inbox, { resolve, reject }));
  }

  close(): void {
    this.#socket.destroy();
  }

  #flush(): void {
    this.#socket.write(Buffer.concat(this.#out));
    this.#out = [];
  }

  #take(text: string): void {
    let at = 0;
    for (;;) {
      const line = text.indexOf('\r\n', at);
      if (line < 0) break;
      const words = text.slice(at, line).split(' ');
      if (words[0] === 'MSG') {
        const after = line + 2 + Number(words.at(-1)) + 2;
        if (after > text.length) break;
        this.#answer(Number(words[1]?.slice(3)), text.slice(line + 2, after - 2));
        at = after;
        continue;
      }
      if (words[0] === 'PING') this.#socket.write('PONG\r\n');
      at = line + 2;
    }
    this.#rest = text.slice(at);
  }

  #answer(inbox: number, answer: string): void {
    const waiting = this.#waiting.get(inbox);
    this.#waiting.delete(inbox);
    if (answer.includes('"error"')) waiting?.reject(new Error(answer));
    else waiting?.resolve(answer);
  }
}

const CRLF = Buffer.from('\r\n');
