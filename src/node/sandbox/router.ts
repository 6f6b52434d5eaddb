// A network namespace between the Pods and the platform, in which every ClusterIP is local: listeners that live in it are
// handed over to the platform's own process, so that several platforms can share a machine and its routes stay as they are.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Socket as UdpSocket } from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import type { Clock, Timer } from '#base/mod.ts';
import { startOf } from '../processes.ts';
import type { Bridge, Place } from './bridge.ts';
import { TOOL_ENV, tool } from './tools.ts';

/** Listens where this process cannot, and hands the listener over. Text of a program for Node. */
const HANDER = `
const net = require('node:net');
const dgram = require('node:dgram');
const give = (id, handle) => process.send({ id }, handle, () => handle.close());
process.on('message', ({ id, kind, address, port }) => {
  const failed = (error) => process.send({ id, error: error.message });
  if (kind === 'tcp') {
    const server = net.createServer();
    server.once('error', failed);
    server.listen({ host: address, port, backlog: 1024 }, () => give(id, server));
  } else {
    const socket = dgram.createSocket('udp4');
    socket.once('error', failed);
    socket.bind({ address, port }, () => give(id, socket));
  }
});
process.on('disconnect', () => process.exit());
`;

/** A hander without work ends after this time. */
const IDLE_MS = 5000;

type Kind = 'tcp' | 'udp';

interface Asked {
  readonly resolve: (handle: Server | UdpSocket) => void;
  readonly reject: (error: Error) => void;
}

export class Router {
  readonly #place: Place;
  readonly #bridge: Bridge;
  readonly #clock: Clock;
  readonly #asked = new Map<number, Asked>();
  #hander: ChildProcess | undefined;
  #idle: Timer | undefined;
  #last = 0;

  private constructor(place: Place, bridge: Bridge, clock: Clock) {
    this.#place = place;
    this.#bridge = bridge;
    this.#clock = clock;
  }

  /** `make` makes its namespace; `file` remembers that of an earlier run, which is taken away first. */
  static async open(bridge: Bridge, make: () => Promise<Place>, file: string, clock: Clock): Promise<Router> {
    endEarlier(file);
    const place = await make();
    writeFileSync(file, JSON.stringify(place));
    return new Router(place, bridge, clock);
  }

  /** Its own address, which this machine reaches as well as Pods do. */
  get address(): string {
    return this.#place.address;
  }

  async tcp(address: string, port: number): Promise<Server> {
    const server = (await this.#ask('tcp', address, port)) as Server;
    // A client may fall silent first and still wait for its answer; a server that was handed over knows nothing of that.
    Reflect.set(server, 'allowHalfOpen', true);
    return server;
  }

  async udp(address: string, port: number): Promise<UdpSocket> {
    return (await this.#ask('udp', address, port)) as UdpSocket;
  }

  close(): void {
    this.#idle?.cancel();
    this.#hander?.disconnect();
    this.#bridge.release(this.#place);
  }

  #ask(kind: Kind, address: string, port: number): Promise<Server | UdpSocket> {
    const id = ++this.#last;
    const hander = (this.#hander ??= this.#start());
    this.#idle?.cancel();
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      hander.send({ id, kind, address, port }, (error) => {
        if (error) reject(error);
      });
    });
  }

  #start(): ChildProcess {
    const words = ['--target', String(this.#place.holder), '--net', '--', process.execPath, '--eval', HANDER];
    const child = spawn(tool('nsenter'), words, { env: TOOL_ENV, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    child.on('message', (message, handle) =>
      this.#answer(message as { id: number; error?: string }, handle as Server | UdpSocket | undefined),
    );
    child.once('error', (error) => this.#fail(child, error));
    child.once('exit', () =>
      this.#fail(child, new Error('the process that opens listeners in the Pods’ network ended')),
    );
    return child;
  }

  #answer({ id, error }: { id: number; error?: string }, handle: Server | UdpSocket | undefined): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (handle) asked?.resolve(handle);
    else asked?.reject(new Error(error ?? 'no listener was handed over'));
    if (this.#asked.size > 0) return;
    this.#idle = this.#clock.after(IDLE_MS, () => {
      this.#hander?.disconnect();
      this.#hander = undefined;
    });
  }

  #fail(child: ChildProcess, error: Error): void {
    if (this.#hander === child) this.#hander = undefined;
    else return;
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
  }
}

function endEarlier(file: string): void {
  let earlier: Place;
  try {
    earlier = JSON.parse(readFileSync(file, 'utf8')) as Place;
  } catch {
    return;
  }
  if (startOf(earlier.holder) === earlier.holderStarted) process.kill(earlier.holder, 'SIGKILL');
}
