// The transport port on Node's own modules: node:http for HTTP/1.1, node:http2 for HTTP/2, node:tls for both.

import type { Clock } from '#base/mod.ts';
import { clientByProtocol } from '../client-by-protocol.ts';
import type { Transport } from '../transport.ts';
import { Http1Client } from './client-http1.ts';
import { Http2Client } from './client-http2.ts';
import { listen } from './listen.ts';

/** A transport whose connections time out by `clock`. */
export function nodeTransport(clock: Clock): Transport {
  return {
    listen: (options, serve) => listen(clock, options, serve),
    client: () => clientByProtocol(new Http1Client(clock), new Http2Client(clock)),
  };
}
