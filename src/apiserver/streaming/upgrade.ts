// From a request that asks for a WebSocket to the socket itself.

import type { Exchange } from '../exchange.ts';
import { ApiError, badRequest } from '#machinery/mod.ts';
import { upgradeAnswer, WebSocketEnd } from './web-socket.ts';

const KEY = /^[A-Za-z0-9+/]{22}==$/;

/** Whether a request head asks to turn its connection into a WebSocket. */
export function asksForWebSocket(headers: { readonly upgrade?: string | undefined }): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Checks what is asked for; the function that it gives turns the connection. Throws 400 where that cannot be, with the
 * protocols that are spoken here, the best first.
 */
export function acceptWebSocket(exchange: Exchange, protocols: readonly string[]): () => WebSocketEnd {
  const { request, upgrade } = exchange;
  const { upgrade: wanted, 'sec-websocket-key': key = '', 'sec-websocket-version': version } = request.headers;
  if (!upgrade) {
    const met = wanted ? `, but the client asked for ${wanted}` : '';
    throw badRequest(`unable to upgrade: this stream is a WebSocket with ${protocols.join(' or ')}${met}`);
  }
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
  const protocol = protocols.find((one) => offered.includes(one));
  if (protocol === undefined)
    throw badRequest(`unable to upgrade: expected protocol ${protocols.join(' or ')}, but met ${offered.join(', ')}`);
  if (!KEY.test(key) || version !== '13')
    throw badRequest('unable to upgrade: expected WebSocket version 13 and a key');
  return () => {
    const { socket, head } = upgrade;
    if (socket.destroyed) throw new ApiError(400, 'BadRequest', 'the client closed the connection');
    upgrade.isTaken = true;
    exchange.response.statusCode = 101;
    socket.write(upgradeAnswer(key, protocol));
    return new WebSocketEnd(socket, head);
  };
}
