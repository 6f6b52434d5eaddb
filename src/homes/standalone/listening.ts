// Where the platform listens: on this machine only, or for others as well. Pure but for the last function.

import { hostname, networkInterfaces } from 'node:os';

export interface Listening {
  /** By which parts of the platform, and commands on this machine, reach the API and the gateway's https. */
  readonly local: string;
  /** Where console and registry listen without TLS: always this machine only. */
  readonly side: string;
  /** Where the API and the gateway's https listen. */
  readonly open: string;
  /** Where the gateway's plain http listens. */
  readonly plain: string;
  /** By which this machine reaches that. */
  readonly localPlain: string;
  /** Addresses of this machine at which console and registry are served to others, with TLS and for users only. */
  readonly fronts: readonly string[];
  /** Names and addresses by which others reach it, for certificates. */
  readonly names: readonly string[];
  /** Things a person should know. */
  readonly notices: readonly string[];
}

export interface ListenWish {
  /** An address of this machine, or `0.0.0.0` or `::` for all of them. */
  readonly host: string;
  /** Whether the gateway's plain http may be open to others. */
  readonly plainHttp: boolean;
}

/** This machine as others see it. */
export interface MachineNames {
  readonly hostname: string;
  /** Without those of the loopback. */
  readonly addresses: readonly string[];
}

const LOOPBACK = '127.0.0.1';

/** What listens where. Throws where the address is not one of this machine's. */
export function listeningFor({ host, plainHttp }: ListenWish, machine: MachineNames): Listening {
  if (isLoopback(host))
    return { local: host, side: host, open: host, plain: host, localPlain: host, fronts: [], names: [], notices: [] };
  const isAll = host === '0.0.0.0' || host === '::';
  if (!isAll && !machine.addresses.includes(host)) {
    throw new Error(
      `--listen ${host} is no address of this machine; it has ${[LOOPBACK, ...machine.addresses].join(', ')}. 0.0.0.0 stands for all.`,
    );
  }
  const fronts = isAll ? machine.addresses.filter((address) => host === '::' || !address.includes(':')) : [host];
  const local = isAll ? LOOPBACK : host;
  return {
    local,
    side: LOOPBACK,
    open: host,
    plain: plainHttp ? host : LOOPBACK,
    localPlain: plainHttp ? local : LOOPBACK,
    fronts,
    names: [...fronts, machine.hostname],
    notices: [
      "other machines reach the API, the console and the registry with TLS, and as users only: 'ebb user add' makes them",
      plainHttp
        ? "the gateway's plain http is open to others, who can be read along"
        : "the gateway's plain http stays on this machine, its https is open to others; --plain-http opens both",
    ],
  };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** A host as URLs write it. */
export function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

export function machineNames(): MachineNames {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const reachable = all.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  return { hostname: hostname(), addresses: reachable.map(({ address }) => address) };
}
