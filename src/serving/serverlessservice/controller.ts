// A ServerlessService: shows clients, as core Services and endpoints, whether a revision is reached straight or through the gateway.

import type { Turn } from '#engine/mod.ts';
import { defineController, watch } from '#engine/mod.ts';
import {
  CoreService,
  EndpointSlice,
  Pod,
  podAddress,
  REVISION_LABEL,
  Revision,
  ServerlessService,
  SERVICE_NAME_LABEL,
} from '#kinds/mod.ts';
import { keyOf } from '#machinery/mod.ts';
import { isServing, PODS_BY_REVISION, podsByRevision } from '../pods.ts';
import { userPort } from '../revision/pod.ts';
import type { Backend } from './children.ts';
import { privateServiceOf, publicServiceOf, publicSliceOf } from './children.ts';

type SksTurn = Turn<ServerlessService>;

/** The Service under which the gateway is known. */
const GATEWAY = { namespace: 'ebb-system', name: 'gateway' } as const;
const NOT_READY = 'K8s Service is not ready';

export const serverlessServiceController = defineController({
  name: 'serverlessservice-controller',
  lingerMs: 5,
  of: ServerlessService,
  owns: [CoreService, EndpointSlice],
  reads: [Revision],
  watches: [
    watch(Pod, ({ metadata: { namespace, labels } }) => {
      const revision = labels?.[REVISION_LABEL];
      return revision ? [`${namespace}/${revision}`] : [];
    }),
    watch(EndpointSlice, (slice, reader) => (isGateway(slice) ? reader.list(ServerlessService).map(keyOf) : [])),
  ],
  indexes: [podsByRevision],

  async reconcile(turn) {
    const { object: sks, status, mark } = turn;
    status.privateServiceName = await applyService(turn, privateServiceOf);
    status.serviceName = await applyService(turn, publicServiceOf);

    const pods = backendsOf(turn);
    const proxied = pods.length === 0 || sks.spec.mode === 'Proxy';
    await turn.apply(EndpointSlice, publicSliceOf(sks, proxied ? gatewayBackends(turn) : pods), { metadata: 'merge' });

    if (proxied)
      mark.trueWith('ActivatorEndpointsPopulated', 'ActivatorEndpointsPopulated', 'Revision is backed by Activator');
    else mark.false('ActivatorEndpointsPopulated', 'ActivatorEndpointsPopulated', 'Revision is backed by Activator');
    if (pods.length > 0) mark.true('EndpointsPopulated');
    else mark.unknown('EndpointsPopulated', 'NoHealthyBackends', NOT_READY);
  },
});

async function applyService(turn: SksTurn, build: typeof publicServiceOf): Promise<string> {
  const { namespace = '' } = turn.object.metadata;
  const { name } = build(turn.object, undefined).metadata;
  const desired = build(turn.object, turn.get(CoreService, namespace, name));
  const { outcome } = await turn.apply(CoreService, desired, { metadata: 'merge' });
  if (outcome !== 'taken') return name;
  turn.mark.false('EndpointsPopulated', 'NotOwned', `Resource ${name} of type Service is not owned by SKS`);
  throw new Error(`SKS: ${turn.object.metadata.name} does not own Service: ${name}`);
}

/** The Pods that take requests. */
function backendsOf(turn: SksTurn): Backend[] {
  const { namespace = '', name } = turn.object.metadata;
  const revision = turn.get(Revision, namespace, name);
  if (!revision) return [];
  return turn.byIndex(Pod, PODS_BY_REVISION, turn.key).flatMap((pod) => {
    const address = isServing(pod) ? podAddress(pod, userPort(revision)) : undefined;
    return address ? [{ ip: address.host, port: address.port }] : [];
  });
}

function isGateway({ metadata }: EndpointSlice): boolean {
  return metadata.namespace === GATEWAY.namespace && metadata.labels?.[SERVICE_NAME_LABEL] === GATEWAY.name;
}

function gatewayBackends(turn: SksTurn): Backend[] {
  return turn
    .list(EndpointSlice, GATEWAY.namespace)
    .filter(isGateway)
    .flatMap(({ endpoints, ports = [] }) => {
      const port = (ports.find(({ name }) => name === 'http' || name === 'http2') ?? ports[0])?.port;
      return port === undefined ? [] : endpoints.flatMap(({ addresses }) => addresses.map((ip) => ({ ip, port })));
    });
}
