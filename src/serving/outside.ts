// How the gateway is reached from outside this machine: the real ports behind the usual ones, as its Service says.

import type { Reader, Watch } from '#engine/mod.ts';
import { watch } from '#engine/mod.ts';
import { CoreService } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { keyOf } from '#machinery/mod.ts';

const GATEWAY_SERVICE = { namespace: 'ebb-system', name: 'gateway' } as const;
const USUAL_PORTS = { http: 80, https: 443 } as const;

export interface OutsidePorts {
  readonly http?: number | undefined;
  readonly https?: number | undefined;
}

/** The node ports of the gateway's Service, as far as it has some. */
export function outsidePorts(reader: Reader): OutsidePorts {
  const ports = reader.get(CoreService, GATEWAY_SERVICE.namespace, GATEWAY_SERVICE.name)?.spec.ports ?? [];
  const outside = (wanted: number) => ports.find(({ port }) => port === wanted)?.nodePort;
  return { http: outside(USUAL_PORTS.http), https: outside(USUAL_PORTS.https) };
}

/** A look at every object of a kind when the gateway's ports change. */
export function watchOutside<O extends KubeObject>(kind: Kind<O>): Watch {
  return watch(CoreService, ({ metadata: { namespace, name } }, reader) =>
    namespace === GATEWAY_SERVICE.namespace && name === GATEWAY_SERVICE.name ? reader.list(kind).map(keyOf) : [],
  );
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
