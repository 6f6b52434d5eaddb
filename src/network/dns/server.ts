// The name server of Pods: names of the cluster from the cache of objects, all others from the machine's own servers.

import type { Socket as UdpSocket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import type { Server, Socket } from 'node:net';
import type { Clock } from '#base/mod.ts';
import type { ServiceListeners } from '../listeners.ts';
import type { Answer, Query } from './message.ts';
import { fitAnswer, RCODE, readQuery, writeAnswer } from './message.ts';
import type { ZoneSources } from './zone.ts';
import { lookUp } from './zone.ts';

export interface NameServerOptions {
  readonly listeners: ServiceListeners;
  readonly address: string;
  readonly sources: ZoneSources;
  /** Addresses of the servers that know the rest of the world. */
  readonly upstream: readonly string[];
  readonly clock: Clock;
}

const PORT = 53;
const UPSTREAM_MS = 2000;
/** Questions that wait for the world at once; more are refused. */
const MOST_WAITING = 1000;
const MOST_CONNECTIONS = 200;
const IDLE_MS = 10_000;

/** Serves until `close`. */
export async function startNameServer(options: NameServerOptions): Promise<{ close(): Promise<void> }> {
  const { listeners, address } = options;
  const [udp, tcp] = await Promise.all([listeners.udp(address, PORT), listeners.tcp(address, PORT)]);
  const resolver = new Resolver(options);
  serveUdp(udp, resolver);
  serveTcp(tcp, resolver);
  return {
    async close() {
      udp.close();
      await new Promise<void>((resolve) => tcp.close(() => resolve()));
    },
  };
}

class Resolver {
  readonly #options: NameServerOptions;
  #waiting = 0;

  constructor(options: NameServerOptions) {
    this.#options = options;
  }

  /** The bytes to answer with; undefined for what is no query. */
  async answer(
    message: Uint8Array,
    write: (query: Query, answer: Answer) => Uint8Array,
  ): Promise<Uint8Array | undefined> {
    const query = readQuery(message);
    if (!query) return undefined;
    if (query.opcode !== 0) return write(query, { rcode: RCODE.notImplemented, records: [] });
    const found = lookUp(query.question, this.#options.sources);
    if (found.kind === 'answer') return write(query, found.answer);
    // A chain that leaves the zone is told as far as it goes here; the client asks on by itself.
    if (found.known.length > 0) return write(query, { rcode: RCODE.ok, records: found.known });
    return (await this.#askTheWorld(message)) ?? write(query, { rcode: RCODE.serverFailure, records: [] });
  }

  async #askTheWorld(message: Uint8Array): Promise<Uint8Array | undefined> {
    if (this.#waiting >= MOST_WAITING) return undefined;
    this.#waiting++;
    try {
      for (const server of this.#options.upstream) {
        const answer = await ask(server, message, this.#options.clock);
        if (answer) return answer;
      }
      return undefined;
    } finally {
      this.#waiting--;
    }
  }
}

/** One question to one server; undefined where it does not answer in time. */
function ask(server: string, message: Uint8Array, clock: Clock): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const [address = '', port = '53'] = server.includes('.')
      ? server.split(':')
      : [server.replace(/^\[|\](:\d+)?$/g, '')];
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const end = (answer: Uint8Array | undefined) => {
      timer.cancel();
      socket.close();
      resolve(answer);
    };
    const timer = clock.after(UPSTREAM_MS, () => end(undefined));
    socket.once('error', () => end(undefined));
    socket.on('message', (answer) => {
      if (answer[0] === message[0] && answer[1] === message[1]) end(answer);
    });
    socket.connect(Number(port), address, () => socket.send(message));
  });
}

function serveUdp(socket: UdpSocket, resolver: Resolver): void {
  socket.on('error', () => undefined);
  socket.on('message', (message, { address, port }) => {
    void resolver.answer(message, fitAnswer).then((answer) => answer && socket.send(answer, port, address));
  });
}

/** By TCP each message is preceded by its length. */
function serveTcp(server: Server, resolver: Resolver): void {
  server.maxConnections = MOST_CONNECTIONS;
  server.on('connection', (socket: Socket) => {
    let waiting = Buffer.alloc(0);
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk]);
      while (waiting.length >= 2 && waiting.length >= 2 + waiting.readUInt16BE()) {
        const message = waiting.subarray(2, 2 + waiting.readUInt16BE());
        waiting = waiting.subarray(2 + message.length);
        void resolver.answer(message, writeAnswer).then((answer) => reply(socket, answer));
      }
    });
  });
}

function reply(socket: Socket, answer: Uint8Array | undefined): void {
  if (!answer) return void socket.destroy();
  const length = Buffer.alloc(2);
  length.writeUInt16BE(answer.length);
  socket.write(Buffer.concat([length, answer]));
}
