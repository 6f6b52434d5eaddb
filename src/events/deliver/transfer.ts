// One event to one destination, one time: in memory where a stream of this process has the address, else by HTTP.

import type { CancelSignal } from '#base/mod.ts';
import { messageOf, within } from '#base/mod.ts';
import type { Destination } from '../control.ts';
import type { Ingress } from '../ingress/ingress.ts';
import type { Who } from '../ingress/access.ts';
import type { IngressAnswer } from '../ingress/refusals.ts';
import { refused } from '../ingress/refusals.ts';
import type { Codec } from '../message.ts';
import { passThrough } from '../pass-through.ts';
import type { Outgoing } from './outgoing.ts';
import type { Transfer, TransferLimits } from './ports.ts';
import { NotNowError } from './ports.ts';
import type { Answer } from './verdict-of-answer.ts';

/** A POST. */
export interface SendRequest {
  readonly url: URL;
  /** PEM, beside the authorities that are trusted anyway. */
  readonly caCerts?: string | undefined;
  /** Names and values by turns, without Host and framing. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/**
 * Sends a request and gives the answer with its whole body; rejects with what went wrong, once the signal is aborted, and with
 * NotNowError where it cannot send at the moment.
 */
export type Send = (request: SendRequest, signal: CancelSignal) => Promise<Exclude<Answer, { error: string }>>;

/** A token of a ServiceAccount ("namespace/name") for an audience. */
export type GiveToken = (identity: string, audience: string) => Promise<string>;

export interface TransferPorts {
  readonly codec: Codec;
  /** Without one every destination is reached over the wire. */
  readonly ingress?: Ingress;
  readonly send: Send;
  readonly giveToken: GiveToken;
  readonly after: (ms: number, run: () => void) => { cancel(): void };
}

export function transferBy(ports: TransferPorts): Transfer {
  return async (to, what, limits) => {
    const url = URL.parse(to.url);
    if (!url) return { error: `${to.url} is no URL` };
    try {
      return (await inMemory(url, to, what, { limits, ports })) ?? (await overWire(url, to, what, { limits, ports }));
    } catch (error) {
      if (error instanceof NotNowError) throw error;
      return { error: messageOf(error) };
    }
  };
}

/** What is not of HTTP goes to the host's root, as Knative's own dispatcher has it. */
function placeOf(url: URL): URL {
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : new URL(`http://${url.host}/`);
}

async function inMemory(
  url: URL,
  to: Destination,
  { event, headers }: Outgoing,
  { limits, ports }: Within,
): Promise<Answer | undefined> {
  const { ingress } = ports;
  if (!ingress) return undefined;
  const { hostname, pathname, search, protocol } = url;
  const found = ingress.ways.find({
    host: hostname,
    target: `${pathname}${search}`,
    scheme: protocol === 'https:' ? 'https' : 'http',
  });
  if (!found) return undefined;
  if ('refusal' in found && !ingress.isTold) throw new NotNowError(`what ${url.href} is has not been told yet`);
  const take = ({ way }: Extract<typeof found, { way: unknown }>, signal?: CancelSignal) =>
    ingress.takeFrom(senderOf(to), way, event, passThrough(headers), signal);
  if (!('way' in found)) return answerOf(ingress.unknown(found.refusal));
  if (!found.way.address.replies) return answerOf(await take(found));
  return within(ports, limits.timeoutMs, limits.signal, async (signal) => {
    const answer = await take(found, signal);
    if (signal.aborted) throw signal.reason as Error;
    return answerOf(answer);
  });
}

function answerOf({ status, headers, text, body = Buffer.from(text) }: IngressAnswer): Answer {
  return { status, headers, body };
}

/** Within the process nobody needs a token to show who they are. */
function senderOf({ identity }: Destination): Who {
  if (identity === undefined) return { unknown: refused('no-token') };
  return { subject: `system:serviceaccount:${identity.replace('/', ':')}` };
}

async function overWire(
  url: URL,
  to: Destination,
  { event, headers, format }: Outgoing,
  { limits, ports }: Within,
): Promise<Answer> {
  const message = ports.codec.encode(event, format);
  const token = await tokenFor(to, ports);
  const request: SendRequest = {
    url: placeOf(url),
    ...(to.caCerts === undefined ? {} : { caCerts: to.caCerts }),
    headers: [...message.headers, ...headers, ...token],
    body: message.body,
  };
  return within(ports, limits.timeoutMs, limits.signal, (signal) => ports.send(request, signal));
}

interface Within {
  readonly limits: TransferLimits;
  readonly ports: TransferPorts;
}

async function tokenFor({ audience, identity }: Destination, { giveToken }: TransferPorts): Promise<readonly string[]> {
  if (audience === undefined || identity === undefined) return [];
  return ['Authorization', `Bearer ${await giveToken(identity, audience)}`];
}
