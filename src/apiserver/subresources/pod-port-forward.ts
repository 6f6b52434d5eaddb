// pods/portforward: connections to ports of a Pod, each a pair of SPDY streams (data and error) inside one WebSocket, as kubectl speaks it.

import { messageOf } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import type { PodStreams } from '#objects/mod.ts';
import type { Handler } from '../services.ts';
import type { SpdyStream } from '../streaming/spdy-session.ts';
import { spdyStreams } from '../streaming/spdy-session.ts';
import { acceptWebSocket } from '../streaming/upgrade.ts';
import { NORMAL } from '../streaming/web-socket.ts';
import { standing } from '../verbs/reading.ts';
import { notImplemented } from './not-implemented.ts';

const PROTOCOL = 'SPDY/3.1+portforward.k8s.io';

type Forward = (port: number) => ReturnType<NonNullable<PodStreams['portForward']>>;

export const forwardPorts: Handler = async (exchange, target, { store, podStreams }) => {
  const { portForward } = podStreams ?? {};
  const pod = standing(store, target) as Pod;
  if (!portForward) throw notImplemented('ports of Pods');
  const socket = acceptWebSocket(exchange, [PROTOCOL])();
  const over = new AbortController();
  const signal = AbortSignal.any([exchange.signal, over.signal]);
  const halves = new Map<string, SpdyStream>();
  try {
    for await (const stream of spdyStreams(socket.messages(), (bytes) => socket.send(bytes))) {
      const request = stream.headers.get('requestid') ?? '';
      const other = halves.get(request);
      halves.delete(request);
      if (!other) halves.set(request, stream);
      else void connected([other, stream], (port) => portForward(pod, port, signal), signal);
    }
    socket.close(NORMAL);
  } catch (error) {
    socket.close(PROTOCOL_ERROR, messageOf(error));
  } finally {
    over.abort(new Error('the client is gone'));
  }
};

const PROTOCOL_ERROR = 1002;

/** Joins the client's stream of data with a connection to the Pod; why there is none goes onto its stream of errors. */
async function connected(pair: readonly SpdyStream[], forward: Forward, signal: AbortSignal): Promise<void> {
  const of = (type: string) => pair.find(({ headers }) => headers.get('streamtype') === type);
  const [data, errors] = [of('data'), of('error')];
  const port = Number(data?.headers.get('port'));
  try {
    if (!data) throw new Error('expected a stream of data and one of errors');
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`${port} is not a port`);
    const far = await forward(port);
    // Whichever side ends or breaks first, the other hears of it; only the connection itself is of interest here.
    await Promise.allSettled([data.readable.pipeTo(far.writable, { signal }), sent(far.readable, data)]);
  } catch (error) {
    await errors?.send(Buffer.from(`error forwarding port ${port}: ${messageOf(error)}`));
    await data?.end();
  }
  await errors?.end();
}

async function sent(source: ReadableStream<Uint8Array>, stream: SpdyStream): Promise<void> {
  try {
    for await (const chunk of source) await stream.send(chunk);
  } finally {
    await stream.end();
  }
}
