// The transport port on plain sockets: HTTP/1.1 by our own state machine. HTTP/2 is Node's, as in the other home.

import type { Clock } from '#base/mod.ts';
import { clientByProtocol } from '../client-by-protocol.ts';
import { Http2Client } from '../node-http/client-http2.ts';
import type { Transport } from '../transport.ts';
import { EngineClient } from './client.ts';
import { listen } from './listen.ts';
import { Turn } from './turn.ts';

/** A transport whose connections time out by `clock`. */
export function engineTransport(clock: Clock): Transport {
  // Clients and endpoints share their turns, so that what comes in at one side leaves at the other in one write.
  const turn = new Turn();
  return {
    listen: (options, serve) => listen(clock, turn, options, serve),
    client: () => clientByProtocol(new EngineClient(clock, turn), new Http2Client(clock)),
  };
}
