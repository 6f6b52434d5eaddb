// The Pods' network as a whole: ClusterIPs that lead to endpoints, names that lead to ClusterIPs.

import { getServers } from 'node:dns';
import type { Clock } from '#base/mod.ts';
import { CoreService, Endpoints, EndpointSlice, Namespace, SERVICE_NAME_LABEL } from '#kinds/mod.ts';
import { isReason, keyOf } from '#machinery/mod.ts';
import type { Client, Informers } from '#objects/mod.ts';
import { API_ADDRESS, NAME_SERVER_ADDRESS, SERVICE_NETWORK } from './addresses.ts';
import { startNameServer } from './dns/server.ts';
import { openEgress } from './egress.ts';
import type { ZoneSources } from './dns/zone.ts';
import { Forwarder } from './forward/forwarder.ts';
import type { ServiceAddress, Target } from './forward/targets.ts';
import { addressesOf, targetsOf } from './forward/targets.ts';
import type { ServiceListeners } from './listeners.ts';

export interface NetworkOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly listeners: ServiceListeners;
  /** `cluster.local`. */
  readonly clusterDomain: string;
  /** Services that are this platform's own listeners, by `namespace/name` and port: the API, the gateway. */
  readonly own: Readonly<Record<string, Readonly<Record<number, Target>>>>;
  /** What is to be found at the listeners' own address, by port: as behind a load balancer. */
  readonly balanced: Readonly<Record<number, Target>>;
  /** Where every address is local, and the ports that lead from there to the outside; absent where Pods do not get out. */
  readonly exit?: Exit | undefined;
  /** Name servers for the rest of the world; those of this machine unless told. */
  readonly upstream?: readonly string[];
  warn(message: string, fields: Record<string, unknown>): void;
}

export interface Exit {
  readonly listeners: ServiceListeners;
  readonly ports: readonly number[];
}

export interface Network {
  /** Where Pods ask for names. */
  readonly nameServer: string;
  stop(): Promise<void>;
}

const BY_SERVICE = 'of a Service';

/** Resolves when the Services that there are answer, and names too. */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const { informers, client, listeners, clock, clusterDomain, upstream = getServers() } = options;
  const slices = informers.of(EndpointSlice);
  slices.addIndex(BY_SERVICE, ({ metadata }) => {
    const service = metadata.labels?.[SERVICE_NAME_LABEL];
    return service ? [`${metadata.namespace ?? ''}/${service}`] : [];
  });
  await publishOwn(client);
  const forwarder = new Forwarder({ listeners, warn: (message, fields) => options.warn(message, fields) });
  const outward = options.exit && outwardBy(options.exit, options.warn);
  const sources: ZoneSources = {
    domain: clusterDomain,
    service: (namespace, name) => informers.of(CoreService).get(namespace, name),
    hasNamespace: (name) => informers.of(Namespace).get('', name) !== undefined,
    slices: (namespace, service) => slices.byIndex(BY_SERVICE, `${namespace}/${service}`),
  };
  const names = await startNameServer({ listeners, address: NAME_SERVER_ADDRESS, sources, upstream, clock });
  for (const [port, target] of Object.entries(options.balanced))
    forwarder.open({ address: listeners.address, port: Number(port), portName: '' }, () => [target]);
  const stopWatching = informers.of(CoreService).onChange(({ before, after }) => {
    const [old, now] = [before ? addressesOf(before) : [], after ? addressesOf(after) : []];
    for (const one of old) if (!now.some((other) => isSame(one, other))) forwarder.shut(one);
    if (after) for (const one of now) forwarder.open(one, () => find(after, one));
  });

  function find(service: CoreService, { port, portName }: ServiceAddress): readonly Target[] {
    const key = keyOf(service);
    const own = options.own[key];
    if (own) return own[port] ? [own[port]] : [];
    const { namespace = '', name } = service.metadata;
    return targetsOf(portName, slices.byIndex(BY_SERVICE, key), informers.of(Endpoints).get(namespace, name));
  }

  return {
    nameServer: NAME_SERVER_ADDRESS,
    async stop() {
      stopWatching();
      await Promise.all([names.close(), forwarder.close(), outward?.close()]);
    },
  };
}

function outwardBy({ listeners, ports }: Exit, warn: NetworkOptions['warn']): Forwarder {
  const forwarder = new Forwarder({ listeners, warn: (message, fields) => warn(message, fields) });
  openEgress(forwarder, ports, SERVICE_NETWORK);
  return forwarder;
}

function isSame(a: ServiceAddress, b: ServiceAddress): boolean {
  return a.address === b.address && a.port === b.port;
}

/** The API as every program in a Pod looks for it: the Service `kubernetes`. */
async function publishOwn(client: Client): Promise<void> {
  if (await client.get(CoreService, 'default', 'kubernetes')) return;
  const metadata = {
    name: 'kubernetes',
    namespace: 'default',
    labels: { component: 'apiserver', provider: 'kubernetes' },
  };
  const spec = {
    type: 'ClusterIP',
    clusterIP: API_ADDRESS,
    ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 443 }],
  };
  try {
    await client.create(CoreService, { apiVersion: 'v1', kind: 'Service', metadata, spec });
  } catch (thrown) {
    if (!isReason(thrown, 'AlreadyExists')) throw thrown;
  }
}
