// How the gateway is reached from outside this machine: the real ports behind the usual ones, as its Service says.

import type { CoreService } from './core/service.ts';

export const GATEWAY_SERVICE = { namespace: 'ebb-system', name: 'gateway' } as const;
const USUAL_PORTS = { http: 80, https: 443 } as const;

export interface OutsidePorts {
  readonly http?: number | undefined;
  readonly https?: number | undefined;
}

/** The node ports of the gateway's Service, as far as it has some. */
export function outsidePortsOf(gateway: CoreService | undefined): OutsidePorts {
  const ports = gateway?.spec.ports ?? [];
  const outside = (wanted: number) => ports.find(({ port }) => port === wanted)?.nodePort;
  return { http: outside(USUAL_PORTS.http), https: outside(USUAL_PORTS.https) };
}

/** The URL of a host, with the gateway's port where that is not the scheme's own. */
export function outsideUrl(scheme: string, host: string, ports: OutsidePorts | undefined): string {
  return `${scheme}://${host}${portOf(scheme, ports)}`;
}

function portOf(scheme: string, ports: OutsidePorts | undefined): string {
  if (scheme !== 'http' && scheme !== 'https') return '';
  const port = ports?.[scheme];
  return port === undefined || port === USUAL_PORTS[scheme] ? '' : `:${port}`;
}
