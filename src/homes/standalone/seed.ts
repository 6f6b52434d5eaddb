// What a platform has from its first start: namespaces, config maps, a class of storage, the gateway as a Service. What users changed stays.

import { isIPv4 } from 'node:net';
import {
  ConfigMap,
  CoreService,
  DEFAULT_CLASS_ANNOTATION,
  EndpointSlice,
  LOCAL_CLASS,
  LOCAL_DRIVER,
  EVENTING_NAMESPACE,
  Namespace,
  SERVICE_NAME_LABEL,
  ServiceAccount,
  StorageClass,
  systemConfigMaps,
  SYSTEM_NAMESPACES,
} from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import type { Client } from '#objects/mod.ts';
import { isThere } from './objects.ts';

const ACTIVATOR = { namespace: 'knative-serving', name: 'activator-service' } as const;
/** Where the gateway answers to names that only the cluster knows. */
export const INNER_GATEWAY_HOST = `${ACTIVATOR.name}.${ACTIVATOR.namespace}.svc.cluster.local`;

/** Where events come in, by Knative's names: of brokers, of Triggers on the way to their subscribers, of channels, of RequestReplies. */
const EVENT_INGRESSES = ['broker-ingress', 'broker-filter', 'imc-dispatcher', 'request-reply'];

export async function seed(client: Client): Promise<void> {
  await Promise.all(
    ['default', ...SYSTEM_NAMESPACES].map((name) =>
      createOnce(client, Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, spec: {} }),
    ),
  );
  await Promise.all(systemConfigMaps().map((configMap) => createOnce(client, ConfigMap, configMap)));
  await createOnce(client, StorageClass, LOCAL_STORAGE_CLASS);
  await Promise.all(
    EVENTING_ACCOUNTS.map((name) =>
      createOnce(client, ServiceAccount, {
        apiVersion: ServiceAccount.apiVersion,
        kind: ServiceAccount.kind,
        metadata: { name, namespace: EVENTING_NAMESPACE, labels: { 'app.kubernetes.io/name': EVENTING_NAMESPACE } },
      }),
    ),
  );
}

/** As whom the parts of Knative Eventing act; `mt-broker-ingress-oidc` sends what comes through Brokers. */
const EVENTING_ACCOUNTS = [
  'eventing-controller',
  'eventing-webhook',
  'imc-controller',
  'imc-dispatcher',
  'job-sink',
  'mt-broker-filter',
  'mt-broker-ingress',
  'mt-broker-ingress-oidc',
  'pingsource-mt-adapter',
  'request-reply',
];

/** Claims that name no class get folders of this machine. */
const LOCAL_STORAGE_CLASS: StorageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: LOCAL_CLASS, annotations: { [DEFAULT_CLASS_ANNOTATION]: 'true' } },
  provisioner: LOCAL_DRIVER,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'Immediate',
  allowVolumeExpansion: true,
};

async function createOnce<O extends KubeObject>(client: Client, kind: Kind<O>, object: O): Promise<void> {
  if (await client.get(kind, object.metadata.namespace ?? '', object.metadata.name)) return;
  await client.create(kind, object).catch((thrown: unknown) => {
    if (!isThere(thrown)) throw thrown;
  });
}

/** Where the gateway listens. */
export interface GatewayPlace {
  readonly host: string;
  readonly http: number;
  readonly https: number;
  /** For requests from Pods, which may name what is private to the cluster. */
  readonly internal?: number | undefined;
  readonly internalTls?: number | undefined;
  /** An address with the usual ports, 80 and 443. */
  readonly balancer?: string | undefined;
}

/**
 * The gateway as Services, for clients that look one up: `gateway` with its real ports, `activator-service`, which is
 * Knative's name for whoever holds requests while a revision has no instance to take them, and the ingresses of events.
 */
export async function publishGateway(
  client: Client,
  { host, http, https, internal, internalTls, balancer }: GatewayPlace,
): Promise<void> {
  const outer = [
    { name: 'http2', port: 80, protocol: 'TCP', targetPort: http, nodePort: http },
    { name: 'https', port: 443, protocol: 'TCP', targetPort: https, nodePort: https },
  ];
  const type = balancer ? 'LoadBalancer' : 'NodePort';
  await publish(client, host, { namespace: 'ebb-system', name: 'gateway' }, { type, ports: outer }, balancer);
  const inner = internal ?? http;
  const ports = [{ name: 'http', port: 80, protocol: 'TCP', targetPort: inner }];
  await publish(client, host, ACTIVATOR, { type: 'ClusterIP', ports });
  const secure = { name: 'https', port: 443, protocol: 'TCP', targetPort: internalTls ?? https };
  for (const name of EVENT_INGRESSES)
    await publish(
      client,
      host,
      { namespace: 'knative-eventing', name },
      { type: 'ClusterIP', ports: [...ports, secure] },
    );
}

/** The sinks that the platform itself stands behind, as Services: their one address is that of the platform. */
export async function publishSinks(
  client: Client,
  names: readonly string[],
  { host, port, tlsPort }: { readonly host: string; readonly port: number; readonly tlsPort: number },
): Promise<void> {
  const ports = [
    { name: 'http', port: 80, protocol: 'TCP', targetPort: port },
    { name: 'https', port: 443, protocol: 'TCP', targetPort: tlsPort },
  ];
  for (const name of names)
    await publish(client, host, { namespace: 'knative-eventing', name }, { type: 'ClusterIP', ports });
}

/** A Service without a selector, and the one address behind it. What the API has given to it before stays. */
async function publish(
  client: Client,
  host: string,
  metadata: { readonly namespace: string; readonly name: string },
  { type, ports: wanted = [] }: CoreService['spec'],
  balancer?: string,
): Promise<void> {
  const { namespace, name } = metadata;
  const before = await client.get(CoreService, namespace, name);
  const spec = { ...before?.spec, type, ports: wanted };
  const service = before
    ? await client.update(CoreService, { ...before, spec })
    : await client.create(CoreService, { apiVersion: 'v1', kind: 'Service', metadata, spec });
  const loadBalancer = balancer ? { ingress: [{ ip: balancer }] } : {};
  await client.updateStatus(CoreService, { ...service, status: { ...service.status, loadBalancer } });
  const ports = wanted.flatMap(({ name: of, protocol, targetPort }) =>
    typeof targetPort === 'number' ? [{ name: of ?? '', protocol: protocol ?? 'TCP', port: targetPort }] : [],
  );
  const slice: EndpointSlice = {
    apiVersion: EndpointSlice.apiVersion,
    kind: EndpointSlice.kind,
    metadata: { ...metadata, labels: { [SERVICE_NAME_LABEL]: name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [addressOf(host)], conditions: { ready: true, serving: true, terminating: false } }],
    ports,
  };
  const there = await client.get(EndpointSlice, namespace, name);
  if (there) await client.update(EndpointSlice, { ...slice, metadata: { ...there.metadata, ...slice.metadata } });
  else await client.create(EndpointSlice, slice);
}

/** Where one that listens everywhere, or under the machine's own name, is reached on this machine. */
function addressOf(host: string): string {
  return isIPv4(host) && host !== '0.0.0.0' ? host : '127.0.0.1';
}
