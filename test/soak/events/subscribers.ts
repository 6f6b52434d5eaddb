// Subscribers and dead letter sinks of the soak: one server outside the platform, which writes down what comes.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import type { Random } from '#base/mod.ts';
import type { Behaviour, Role } from './cast.ts';
import { REPLY_TYPE, roleNamed } from './cast.ts';
import type { Ledger } from './ledger.ts';
import { replyTo } from './ledger.ts';

export interface Subscribers {
  readonly port: number;
  /** Resolves once every connection that was made before is known as one of the life in which it was made. */
  caughtUp(): Promise<void>;
  close(): Promise<void>;
}

/** Connections that may wait: after a restart all Triggers come at once. */
const BACKLOG = 4096;

/** Listens on this machine until closed. A path is `/take/ROLE` or `/bury/ROLE`. */
export async function listen(ledger: Ledger, random: Random): Promise<Subscribers> {
  // A connection is of the life in which it was made: what comes on it was sent in that life.
  const lives = new WeakMap<Socket, number>();
  const server: Server = createServer((request, response) => {
    request.resume().once('end', () => {
      const [, where = '', name = ''] = (request.url ?? '').split('/');
      const role = roleNamed.get(name);
      if (!role) return void response.writeHead(400).end();
      serve(request, response, { role, where, life: lives.get(request.socket) ?? 0 });
    });
  });
  server.keepAliveTimeout = 0;
  server.on('connection', (socket) => lives.set(socket, ledger.life));

  function serve(
    { headers }: IncomingMessage,
    response: ServerResponse,
    { role, where, life }: { readonly role: Role; readonly where: string; readonly life: number },
  ): void {
    const id = String(headers['ce-id']);
    const isGrave = where === 'bury';
    const behaviour: Behaviour = isGrave ? { status: 202, afterMs: 1 } : role.behave(random);
    const over = ledger.begin(role, id, life);
    response.once('close', over);
    if (behaviour.mute === 'hangs') return;
    setTimeout(() => {
      over();
      if (response.destroyed) return;
      if (behaviour.mute === 'cuts') return void response.socket?.destroy();
      response.once('finish', () => {
        if (behaviour.status >= 300) return;
        ledger.take(role, id, life, isGrave ? 'bury' : 'take');
        if (behaviour.replies) ledger.replied(id);
      });
      answer(response, id, String(headers['ce-partitionkey']), behaviour);
    }, behaviour.afterMs);
  }

  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG }, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    // Connections are taken in the order in which they were made, so the last one tells of all before it.
    async caughtUp() {
      const taken = new Set<number | undefined>();
      const note = ({ remotePort }: Socket) => void taken.add(remotePort);
      server.on('connection', note);
      const last = connect(port, '127.0.0.1');
      await once(last, 'connect');
      while (!taken.has(last.localPort)) await once(server, 'connection');
      server.off('connection', note);
      last.destroy();
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

function answer(response: ServerResponse, id: string, key: string, { status, retryAfter, replies }: Behaviour): void {
  const reply = {
    'ce-specversion': '1.0',
    'ce-id': replyTo(id),
    'ce-source': '/soak/replying',
    'ce-type': REPLY_TYPE,
    'ce-partitionkey': key,
    'content-type': 'application/json',
  };
  response.writeHead(status, {
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    ...(replies ? reply : {}),
  });
  response.end(replies ? `{"to":"${id}"}` : '');
}
