// The transport port on plain sockets: HTTP/1.1 by our own state machine. HTTP/2 is Node's, as in the other home.

import type { Clock } from '#base/mod.ts';
import { Http2Client } from '../node-http/client-http2.ts';
import type { ClientEngine, Transport } from '../transport.ts';
import { EngineClient } from './client.ts';
import { listen } from './listen.ts';
import { Turn } from './turn.ts';

/** A transport whose connections time out by `clock`. */
export function engineTransport(clock: Clock): Transport {
  // Clients and endpoints share their turns, so that what comes in at one side leaves at the other in one write.
  const turn = new Turn();
  return {
    listen: (options, serve) => listen(clock, turn, options, serve),
    client: () => engineClient(clock, turn),
  };
}

function engineClient(clock: Clock, turn: Turn): ClientEngine {
  const http1 = new EngineClient(clock, turn);
  const http2 = new Http2Client(clock);
  return {
    send: (request, events) => (request.protocol === 'h2c' ? http2 : http1).send(request, events),
    speaksHttp2: (host, port) => http2.answers(host, port),
    forget(host, port) {
      http1.forget(host, port);
      http2.forget(host, port);
    },
    close() {
      http1.close();
      http2.close();
    },
  };
}
