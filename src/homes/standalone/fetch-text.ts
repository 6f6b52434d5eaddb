// Text from an address, bounded: what answers with more, or leads elsewhere, is no source of a number, nor is a link-local address.

import { lookup } from 'node:dns';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { BlockList, isIP } from 'node:net';

const MOST_BYTES = 1024 * 1024;

/** Where a cloud answers its machines, with their credentials too (RFC 3927, RFC 4291 §2.5.6, and the one that is not link-local). */
const CLOSED = new BlockList();
CLOSED.addSubnet('169.254.0.0', 16, 'ipv4');
CLOSED.addSubnet('fe80::', 10, 'ipv6');
CLOSED.addAddress('fd00:ec2::254', 'ipv6');

/** Why an address is not asked; undefined where it may be. */
export function closedBecause(address: string): string | undefined {
  const isClosed = CLOSED.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return isClosed
    ? `${address} is a link-local address, or one of a cloud's metadata: the platform asks none`
    : undefined;
}

/** Rejects with what stands in the way. */
export async function fetchText(url: string, signal: AbortSignal): Promise<string> {
  try {
    const response = await responseOf(new URL(url), signal);
    return await textOf(response);
  } catch (error) {
    signal.throwIfAborted();
    // Where a name has several addresses there is an error for each.
    const [first = error] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
    throw first;
  }
}

async function responseOf(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const why = isIP(host) ? closedBecause(host) : undefined;
  if (why) throw new Error(why);
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  const headers = { accept: 'text/plain', 'user-agent': 'ebb' };
  const asked = request(url, { signal, headers, agent: false, lookup: openLookup });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return response;
}

/** Addresses as `find` finds them. What a name leads to is judged when the connection is made: it may lead elsewhere than a moment ago. */
export function openOnly(find: typeof lookup): LookupFunction {
  return (host, options, done) =>
    find(host, { ...options, all: true }, (error, addresses) => {
      const why = addresses?.flatMap(({ address }) => closedBecause(address) ?? [])[0];
      const [first] = addresses ?? [];
      if (error || why || !first) done(error ?? new Error(why ?? `${host} has no address`), '');
      else if (options.all) done(null, addresses);
      else done(null, first.address, first.family);
    });
}
const openLookup = openOnly(lookup);

async function textOf(response: IncomingMessage): Promise<string> {
  const { statusCode = 0 } = response;
  const isRedirect = statusCode >= 300 && statusCode < 400;
  if (statusCode < 200 || statusCode >= 300) {
    response.destroy();
    throw new Error(isRedirect ? `answered ${statusCode}: a redirect is not followed` : `answered ${statusCode}`);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > MOST_BYTES) throw new Error(`the answer is longer than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
