// The two core Services of a revision and the addresses behind the public one.

import type { EndpointSlice as Slice, ServerlessService, ServicePort } from '#kinds/mod.ts';
import {
  CoreService,
  EndpointSlice,
  REVISION_UID_LABEL,
  SERVERLESS_SERVICE_LABEL,
  SERVICE_NAME_LABEL,
  SERVICE_TYPE_LABEL,
  USER_PORT_NAME,
} from '#kinds/mod.ts';
import { privateServiceName } from '../revision/names.ts';

type Protocol = 'http1' | 'h2c';

/** Reached by way of endpoints that are written here: Pods, or the gateway while there are none. */
export function publicServiceOf(sks: ServerlessService, existing: CoreService | undefined): CoreService {
  const isH2c = protocolOf(sks) === 'h2c';
  const port: ServicePort = isH2c
    ? { name: 'http2', protocol: 'TCP', port: 81, targetPort: USER_PORT_NAME, appProtocol: 'kubernetes.io/h2c' }
    : { name: 'http', protocol: 'TCP', port: 80, targetPort: USER_PORT_NAME };
  return serviceOf(sks, sks.metadata.name, 'Public', { ports: [port] }, existing);
}

/** Selects the Pods of the revision. */
export function privateServiceOf(sks: ServerlessService, existing: CoreService | undefined): CoreService {
  const isH2c = protocolOf(sks) === 'h2c';
  const port: ServicePort = { name: isH2c ? 'http2' : 'http', protocol: 'TCP', port: 80, targetPort: USER_PORT_NAME };
  const uid = sks.metadata.labels?.[REVISION_UID_LABEL] ?? '';
  const spec = {
    ports: [isH2c ? { ...port, appProtocol: 'kubernetes.io/h2c' } : port],
    selector: { [REVISION_UID_LABEL]: uid },
  };
  return serviceOf(sks, privateServiceName(sks.metadata.name), 'Private', spec, existing);
}

function protocolOf({ spec }: ServerlessService): Protocol {
  return spec.protocolType === 'h2c' ? 'h2c' : 'http1';
}

/** What the API has given to a Service (its address and the like) is kept. */
function serviceOf(
  { metadata }: ServerlessService,
  name: string,
  type: 'Public' | 'Private',
  spec: CoreService['spec'],
  existing: CoreService | undefined,
): CoreService {
  return {
    apiVersion: CoreService.apiVersion,
    kind: CoreService.kind,
    metadata: {
      name,
      namespace: metadata.namespace,
      labels: { ...metadata.labels, [SERVERLESS_SERVICE_LABEL]: metadata.name, [SERVICE_TYPE_LABEL]: type },
      annotations: { ...metadata.annotations },
    },
    spec: { ...existing?.spec, ...spec },
  };
}

/** An address behind the public Service. */
export interface Backend {
  readonly ip: string;
  readonly port: number;
}

/** The public Service's addresses; those with another port than most are left out, for a slice has one set of ports. */
export function publicSliceOf(sks: ServerlessService, backends: readonly Backend[]): Slice {
  const { name, namespace, labels } = sks.metadata;
  const port = backends[0]?.port;
  const isH2c = protocolOf(sks) === 'h2c';
  return {
    apiVersion: EndpointSlice.apiVersion,
    kind: EndpointSlice.kind,
    metadata: {
      name,
      namespace,
      labels: {
        ...labels,
        [SERVICE_NAME_LABEL]: name,
        'endpointslice.kubernetes.io/managed-by': 'serverlessservice-controller',
      },
    },
    addressType: 'IPv4',
    endpoints: backends
      .filter((backend) => backend.port === port)
      .map(({ ip }) => ({ addresses: [ip], conditions: { ready: true, serving: true, terminating: false } })),
    ports: port === undefined ? [] : [{ name: isH2c ? 'http2' : 'http', protocol: 'TCP', port }],
  };
}
