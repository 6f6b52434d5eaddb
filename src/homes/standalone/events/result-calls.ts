// Where results of invocations may be sent: clients name the place, whoever they are, so it is not to be one that only this machine
// reaches, unless the service allows that.

import type { LookupAddress } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import type { CancelSignal } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';
import type { SendRequest } from '#events/mod.ts';
import type { Door } from '#gateway/mod.ts';
import type { Outcome, ResultCall } from '#invocations/mod.ts';
import { closedBecause } from '../fetch-text.ts';
import type { Place, WireAnswer } from './wire.ts';
import { portOf } from './wire.ts';

/** Addresses that mean another thing on each machine or network (RFC 6890 and its registries), and what may hide one. */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 96],
  ['64:ff9b::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv6');

export function isPublic(address: string): boolean {
  return !PRIVATE.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

const HINT = 'the annotation ebb.dev/async-callbacks: any of the service allows it';

/** What can be said at once of where a result is to go, before its name is looked up. */
export function callFault(url: URL, callbacks: ResultCall['callbacks']): string | undefined {
  const host = hostOf(url);
  const isLocal = host === 'localhost' || host.endsWith('.localhost');
  if (isIP(host)) {
    const closed = closedBecause(host);
    if (closed !== undefined) return closed;
  }
  if (callbacks === 'any' || !(isLocal || (isIP(host) && !isPublic(host)))) return undefined;
  return `${host} is no public address, and no service of this platform has it; ${HINT}`;
}

export interface ResultCallPorts {
  /** Through the gateway; undefined where no route leads there by this door. */
  readonly through: (door: Door, request: SendRequest, signal: CancelSignal) => Promise<WireAnswer> | undefined;
  readonly lookUp: (host: string) => Promise<readonly LookupAddress[]>;
  readonly send: (request: SendRequest, place: Place, signal: CancelSignal) => Promise<WireAnswer>;
  /** Wherever the cluster's names lead. */
  readonly sendAnywhere: (request: SendRequest, signal: CancelSignal) => Promise<WireAnswer>;
}

/** Sends results: to services by the door that the request came by, to others by their public addresses. Never rejects. */
export function resultCalls(ports: ResultCallPorts): (call: ResultCall, signal: CancelSignal) => Promise<Outcome> {
  return async (call, signal) => {
    const { url: text, callbacks, door, headers, body } = call;
    const url = new URL(text);
    const request: SendRequest = { url, headers, body };
    try {
      const inside = ports.through(callbacks === 'any' ? 'internal' : door, request, signal);
      if (inside) return await inside;
      const fault = callFault(url, callbacks);
      if (fault !== undefined) return { error: fault, isFinal: true };
      if (callbacks === 'any') return await ports.sendAnywhere(request, signal);
      const found = await ports.lookUp(hostOf(url));
      const hidden = found.find(({ address }) => !isPublic(address));
      if (hidden)
        return { error: `${url.hostname} leads to ${hidden.address}, no public address; ${HINT}`, isFinal: true };
      const [first] = found;
      if (!first) return { error: `${url.hostname} has no address` };
      return await ports.send(request, { host: first.address, port: portOf(url) }, signal);
    } catch (error) {
      return { error: messageOf(error) };
    }
  };
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$|\.$/g, '');
}
