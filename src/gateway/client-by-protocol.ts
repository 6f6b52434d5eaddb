// A client engine made of two: one for HTTP/1.1, and one for HTTP/2.

import type { ClientEngine } from './transport.ts';
import type { Http2Client } from './node-http/client-http2.ts';

/** Sends each request by the one that speaks its protocol. */
export function clientByProtocol(http1: Omit<ClientEngine, 'speaksHttp2'>, http2: Http2Client): ClientEngine {
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
