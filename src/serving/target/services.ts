// Gives the gateway a target for each plain Service that a KIngress leads to: what is addressed, but is no Revision.

import { defineController, index, watch } from '#engine/mod.ts';
import type { Endpoint, Target } from '#gateway/mod.ts';
import { CoreService, EndpointSlice, KIngress, SERVERLESS_SERVICE_LABEL, SERVICE_NAME_LABEL } from '#kinds/mod.ts';
import type { ObjectKey } from '#machinery/mod.ts';
import { keyOf } from '#machinery/mod.ts';
import { BY_TARGET, ingressesByTarget, portsTo, targetsOf } from '../ingress/targets.ts';
import type { TargetBoard } from './board.ts';

const SLICES = 'serving/slices-by-service';
/** Names of ports, and protocols of applications, that mean HTTP/2 without TLS. */
const H2C = /^(http2|h2c|grpc|kubernetes\.io\/h2c)(-|$)/;

export function serviceTargetController(board: TargetBoard) {
  /** What was said here: a Revision's target has the key of the Service that stands for it. */
  const said = new Set<ObjectKey>();

  async function unsay(key: ObjectKey): Promise<void> {
    if (said.delete(key)) await board.remove(key);
  }

  return defineController({
    name: 'service-target-controller',
    of: CoreService,
    watches: [watch(EndpointSlice, serviceOf), watch(KIngress, (ingress) => targetsOf(ingress))],
    indexes: [ingressesByTarget, index(EndpointSlice, SLICES, serviceOf)],
    status: 'none',
    // A Revision's own Services lead to what the Revision's target says already.
    selects: ({ metadata, spec }) =>
      metadata.labels?.[SERVERLESS_SERVICE_LABEL] === undefined && spec.type !== 'ExternalName',
    forget: unsay,
    async reconcile(turn) {
      const [asked] = turn.byIndex(KIngress, BY_TARGET, turn.key).flatMap((ingress) => portsTo(ingress, turn.key));
      const slices = turn.byIndex(EndpointSlice, SLICES, turn.key);
      const target = asked === undefined ? undefined : serviceTargetOf(turn.object, slices, asked);
      if (!target) return unsay(turn.key);
      said.add(turn.key);
      await board.set(turn.key, target);
    },
  });
}

function serviceOf({ metadata: { namespace, labels } }: EndpointSlice): ObjectKey[] {
  const name = labels?.[SERVICE_NAME_LABEL];
  return name ? [`${namespace}/${name}`] : [];
}

/** Undefined while nobody is behind the Service: requests are refused then, and not held for a Pod that nobody starts. */
export function serviceTargetOf(
  service: CoreService,
  slices: readonly EndpointSlice[],
  asked: number | string,
): Target | undefined {
  const { namespace = '', name } = service.metadata;
  const ports = service.spec.ports ?? [];
  // A DomainMapping always asks for port 80; a Service that has one port alone is meant all the same.
  const port = ports.find((one) => one.port === asked || one.name === asked) ?? ports[0];
  const endpoints = slices.flatMap((slice) => endpointsOf(keyOf(service), port?.name ?? '', slice));
  if (!port || endpoints.length === 0) return undefined;
  const isH2c = H2C.test(port.name ?? '') || H2C.test(port.appProtocol ?? '');
  return { namespace, name, concurrency: 0, timeoutMs: 0, protocol: isH2c ? 'h2c' : 'http1', endpoints };
}

function endpointsOf(key: string, portName: string, slice: EndpointSlice): Endpoint[] {
  const port = (slice.ports ?? []).find(({ name = '' }) => name === portName)?.port;
  if (port === undefined) return [];
  return slice.endpoints
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses }) =>
      addresses.map((host) => ({ id: `${key}/${host}:${port}`, host, port, state: 'ready' as const })),
    );
}
