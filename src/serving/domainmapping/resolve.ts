// From a reference to the host inside the cluster that stands for it, as Knative's addressable resolver finds it.

import type { Reader } from '#engine/mod.ts';
import type { DomainMapping } from '#kinds/mod.ts';
import { allKinds, CLUSTER_DOMAIN, CoreService } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { splitApiVersion } from '#machinery/mod.ts';

const SUFFIX = `.svc.${CLUSTER_DOMAIN}`;

/** The host that requests are sent on to, and the Service behind it. */
export interface Backend {
  readonly host: string;
  readonly service: string;
}

export type Resolution = { readonly backend: Backend } | { readonly fault: string };

/** Kinds that tell an address in their status; a core Service is addressed by its name. */
export const addressableKinds: readonly Kind[] = [
  CoreService,
  ...allKinds.filter(({ crdLabels }) => crdLabels['duck.knative.dev/addressable'] === 'true'),
];

/** What a reference is found by, whatever its version. */
export function referenceKey(apiVersion: string, kind: string, namespace: string, name: string): string {
  return `${splitApiVersion(apiVersion).group}/${kind} ${namespace}/${name}`;
}

export function resolve(mapping: DomainMapping, reader: Reader): Resolution {
  const found = addressOf(mapping, reader);
  return 'fault' in found ? found : backendOf(found.url, mapping.metadata.namespace ?? '');
}

function addressOf({ metadata, spec }: DomainMapping, reader: Reader): { url: string } | { fault: string } {
  const { apiVersion = '', kind: kindName, name, namespace = metadata.namespace ?? '' } = spec.ref;
  const failed = (why: string) => ({ fault: `failed to get object ${namespace}/${name}: ${why}` });
  const kind = kindOf(apiVersion, kindName);
  if (!kind) return failed('the server could not find the requested resource');
  const object = reader.get(kind, namespace, name);
  if (!object) return failed(`${pluralOf(kind)} ${JSON.stringify(name)} not found`);
  if (kind.resource === CoreService.resource) return { url: `http://${name}.${namespace}${SUFFIX}` };
  const { address } = (object as KubeObject & { status?: { address?: { url?: string } } }).status ?? {};
  const reference = `&ObjectReference{Kind:${kindName},Namespace:${namespace},Name:${name},UID:,APIVersion:${apiVersion},ResourceVersion:,FieldPath:,}`;
  if (!address) return { fault: `address not set for ${reference}` };
  return address.url ? { url: address.url } : { fault: `URL missing in address of ${reference}` };
}

function kindOf(apiVersion: string, kind: string): Kind | undefined {
  const { group } = splitApiVersion(apiVersion);
  return addressableKinds.find((one) => one.group === group && one.kind === kind);
}

function pluralOf({ group, names }: Kind): string {
  return group ? `${names.plural}.${group}` : names.plural;
}

/** Only names inside the mapping's own namespace, and only whole hosts: paths cannot be mapped. */
function backendOf(url: string, namespace: string): Resolution {
  const { hostname = '', pathname = '/' } = URL.parse(url) ?? {};
  const quoted = JSON.stringify(url);
  if (pathname !== '/') return { fault: `resolved URI ${quoted} contains a path` };
  const [service = '', of, ...more] = hostname.endsWith(SUFFIX) ? hostname.slice(0, -SUFFIX.length).split('.') : [];
  if (!service || !of || more.length > 0)
    return { fault: `resolved URI ${quoted} must be of the form {name}.{namespace}${SUFFIX}` };
  if (of !== namespace) return { fault: `resolved URI ${quoted} must be in same namespace as DomainMapping` };
  return { backend: { host: hostname, service } };
}
