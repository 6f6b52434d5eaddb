// The transport port on Node's own modules: node:http for HTTP/1.1, node:http2 for HTTP/2, node:tls for both.

import type { Clock } from '#base/mod.ts';
import type { ClientEngine, Transport } from '../transport.ts';
import { Http1Client } from './client-http1.ts';
import { Http2Client } from './client-http2.ts';
import { listen } from './listen.ts';

/** A transport whose connections time out by `clock`. */
export function nodeTransport(clock: Clock): Transport {
  return {
    listen: (options, serve) => listen(clock, options, serve),
    client: () => nodeClient(clock),
  };
}

function nodeClient(clock: Clock): ClientEngine {
  const http1 = new Http1Client(clock);
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
