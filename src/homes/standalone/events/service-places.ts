// Where Services are, for deliveries of the data process: from the cache of objects.

import type { ServicePlaces, WantedService } from '#events/mod.ts';
import { CoreService, Endpoints, EndpointSlice, SERVICE_NAME_LABEL } from '#kinds/mod.ts';
import { targetsOf } from '#network/mod.ts';
import type { Informers } from '#objects/mod.ts';
import { GATEWAY_HOST } from '#serving/mod.ts';
import { INNER_GATEWAY_HOST } from '../seed.ts';

const BY_SERVICE = 'of a Service, for events';

/** Looks Services up as they are at the moment. */
export function servicePlaces(informers: Informers): (wanted: WantedService) => ServicePlaces {
  const slices = informers.of(EndpointSlice);
  slices.addIndex(BY_SERVICE, ({ metadata }) => {
    const service = metadata.labels?.[SERVICE_NAME_LABEL];
    return service ? [`${metadata.namespace ?? ''}/${service}`] : [];
  });
  const services = informers.of(CoreService);
  const lists = informers.of(Endpoints);
  return ({ namespace, name, port }) => {
    const service = services.get(namespace, name);
    if (!service) return { kind: 'unknown' };
    const { spec } = service;
    if (spec.type === 'ExternalName') return { kind: 'alias', host: aliasOf(spec.externalName ?? '', port) };
    const there = slices.byIndex(BY_SERVICE, `${namespace}/${name}`);
    if (spec.clusterIP === 'None') return { kind: 'endpoints', places: headless(there, port) };
    const found = spec.ports?.find((one) => one.port === port);
    if (!found) return { kind: 'unknown' };
    return { kind: 'endpoints', places: targetsOf(found.name ?? '', there, lists.get(namespace, name)) };
  };
}

/** What comes from the platform itself may name what is private to the cluster, which the gateway's outer port does not know. */
function aliasOf(externalName: string, port: number): string {
  const host = externalName.replace(/\.$/, '');
  return host === GATEWAY_HOST && port === 80 ? INNER_GATEWAY_HOST : host;
}

/** Names of headless Services are those of their Pods: the port is the client's own affair. */
function headless(slices: readonly EndpointSlice[], port: number) {
  const ready = slices.flatMap(({ endpoints }) => endpoints).filter(({ conditions }) => conditions?.ready !== false);
  return ready.flatMap(({ addresses }) => addresses.map((host) => ({ host, port })));
}
