// The address of a source that is called: a host at the gateway, and a Service behind it whose endpoints are the platform's own.

import type { Turn, Watch } from '#engine/mod.ts';
import { watch } from '#engine/mod.ts';
import type { Address } from '#kinds/mod.ts';
import {
  CLUSTER_DOMAIN,
  CoreService,
  domainConfig,
  domainFor,
  EBB_INGRESS_CLASS,
  EndpointSlice,
  EVENTING_NAMESPACE,
  GATEWAY_SERVICE,
  INGRESS_CLASS_ANNOTATION,
  KIngress,
  networkConfig,
  outsidePortsOf,
  outsideUrl,
  SERVICE_NAME_LABEL,
} from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { childName, findCondition, keyOf } from '#machinery/mod.ts';

/** The Service of the platform that takes the calls. */
export const WEBHOOK_SERVICE = 'webhook-source';

type Addressed = KubeObject & { status?: { address?: Address | undefined } | undefined };

/** Children that make an address. */
export const ADDRESS_KINDS: readonly Kind[] = [CoreService, EndpointSlice, KIngress];
export const ADDRESS_CONFIGS = [networkConfig, domainConfig];

/** A look at every source when the platform's own addresses change. */
export function watchAddress<O extends KubeObject>(kind: Kind<O>): Watch[] {
  return [
    watch(CoreService, ({ metadata: { namespace, name } }, reader) =>
      namespace === GATEWAY_SERVICE.namespace && name === GATEWAY_SERVICE.name ? reader.list(kind).map(keyOf) : [],
    ),
    watch(EndpointSlice, ({ metadata: { namespace, name } }, reader) =>
      namespace === EVENTING_NAMESPACE && name === WEBHOOK_SERVICE ? reader.list(kind).map(keyOf) : [],
    ),
  ];
}

/** The name of the Service of a source. Kinds differ in it, for sources of two kinds may have one name. */
export function addressName({ kind, metadata }: Pick<KubeObject, 'kind' | 'metadata'>): string {
  return childName(metadata.name, `-${kind.replace(/Source$/, '').toLowerCase()}`);
}

/** Makes the address, and says so. The URL, where there is one already. */
export async function settleAddress<O extends Addressed>(turn: Turn<O>): Promise<string | undefined> {
  const { object, mark } = turn;
  const status = turn.status as { address?: Address | undefined };
  const { namespace = '' } = object.metadata;
  const name = addressName(object);
  const slice = turn.get(EndpointSlice, EVENTING_NAMESPACE, WEBHOOK_SERVICE);
  if (!slice) {
    mark.unknown('AddressReady', 'NotServedYet', 'the platform does not take calls yet');
    return undefined;
  }
  const host = hostOf(turn, name);
  for (const [kind, child] of childrenOf({ namespace, name, host, slice })) {
    const { outcome } = await turn.apply(kind, child);
    if (outcome !== 'taken') continue;
    delete status.address;
    mark.false(
      'AddressReady',
      'NotOwned',
      `${kind.kind} ${JSON.stringify(name)} is there and is not owned by this source`,
    );
    return undefined;
  }
  const ports = outsidePortsOf(turn.get(CoreService, GATEWAY_SERVICE.namespace, GATEWAY_SERVICE.name));
  const url = outsideUrl(turn.config(networkConfig).defaultExternalScheme, host, ports);
  status.address = { name: 'http', url };
  tellIngress(turn, name);
  return url;
}

function hostOf<O extends KubeObject>(turn: Turn<O>, name: string): string {
  const { namespace = '', labels = {}, annotations = {} } = turn.object.metadata;
  const Domain = domainFor(turn.config(domainConfig), labels);
  return turn.config(networkConfig).domainTemplate({
    Name: name,
    Namespace: namespace,
    Domain,
    Annotations: annotations,
    Labels: labels,
  });
}

function tellIngress<O extends KubeObject>(turn: Turn<O>, name: string): void {
  const { object, mark } = turn;
  const ingress = turn.get(KIngress, object.metadata.namespace ?? '', name);
  const seen = ingress?.metadata.generation === ingress?.status?.observedGeneration;
  const ready = seen ? findCondition(ingress?.status, 'Ready') : undefined;
  if (ready?.status === 'True') mark.true('AddressReady');
  else if (ready) mark.copy('AddressReady', ready);
  else mark.unknown('AddressReady', 'IngressNotConfigured', 'the gateway does not know the address yet');
}

interface Parts {
  readonly namespace: string;
  readonly name: string;
  readonly host: string;
  readonly slice: EndpointSlice;
}

function childrenOf({ namespace, name, host, slice }: Parts): [Kind, KubeObject][] {
  const metadata = { name, namespace };
  const service = {
    apiVersion: CoreService.apiVersion,
    kind: CoreService.kind,
    metadata,
    spec: { type: 'ClusterIP', ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 80 }] },
  };
  const endpoints = {
    apiVersion: EndpointSlice.apiVersion,
    kind: EndpointSlice.kind,
    metadata: { ...metadata, labels: { [SERVICE_NAME_LABEL]: name } },
    addressType: slice.addressType,
    endpoints: slice.endpoints,
    ports: slice.ports,
  };
  const split = { percent: 100, serviceName: name, serviceNamespace: namespace, servicePort: 80 };
  const rewriteHost = `${name}.${namespace}.svc.${CLUSTER_DOMAIN}`;
  const ingress = {
    apiVersion: KIngress.apiVersion,
    kind: KIngress.kind,
    metadata: { ...metadata, annotations: { [INGRESS_CLASS_ANNOTATION]: EBB_INGRESS_CLASS } },
    spec: { rules: [{ hosts: [host], visibility: 'ExternalIP', http: { paths: [{ rewriteHost, splits: [split] }] } }] },
  };
  return [
    [CoreService, service],
    [EndpointSlice, endpoints],
    [KIngress, ingress],
  ];
}
