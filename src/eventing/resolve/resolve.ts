// From a destination to the URL that stands for it, as Knative's addressable resolver finds it.

import { goTemplate, messageOf } from '#base/mod.ts';
import type { ConfigReader, Reader } from '#engine/mod.ts';
import type { Address, Destination, KReference } from '#kinds/mod.ts';
import {
  allKinds,
  CLUSTER_DOMAIN,
  CoreService,
  EVENTING_NAMESPACE,
  eventingFeaturesConfig,
  isAbsoluteUri,
  kreferenceMappingConfig,
} from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { splitApiVersion } from '#machinery/mod.ts';

/** An address that has a URL. */
export type Reachable = Address & { url: string };

export type Resolution = { readonly address: Reachable } | { readonly fault: string };

/** What a resolver reads; with `config` it knows of the features that are switched on. */
export type ResolveReader = Reader & { readonly config?: ConfigReader };

type Addressed = KubeObject & {
  status?: { address?: Address | undefined; addresses?: Address[] | undefined } | undefined;
};

/** Kinds whose objects destinations may name: those that tell an address in their status, and core Services. */
export const referableKinds: readonly Kind[] = [CoreService, ...allKinds.filter(tellsAddress)];

function tellsAddress({ schema }: Kind): boolean {
  const status = schema.type === 'object' ? schema.fields['status'] : undefined;
  return status?.type === 'object' && status.fields['address']?.type === 'object';
}

/** Finds where a destination leads. A reference without a namespace is looked for in this one. */
export function resolve(destination: Destination, namespace: string, reader: ResolveReader): Resolution {
  const { ref, uri, CACerts, audience } = destination;
  if (ref) return withinAddress(resolveReference(ref, destination, namespace, reader), uri);
  if (uri === undefined) return { fault: 'destination missing Ref and URI, expected at least one' };
  const isWhole = isAbsoluteUri(uri) && hostOf(uri) !== '';
  if (!isWhole)
    return { fault: `URI is not absolute (both scheme and host should be non-empty): ${JSON.stringify(uri)}` };
  return { address: address(uri, CACerts, audience) };
}

/** A URI beside a reference is one within the address that is found. */
function withinAddress(found: Resolution, uri: string | undefined): Resolution {
  if (uri === undefined || 'fault' in found) return found;
  if (isAbsoluteUri(uri)) return { fault: 'absolute URI is not allowed when Ref or [apiVersion, kind, name] exists' };
  const url = URL.parse(uri, found.address.url)?.href;
  return url ? { address: { ...found.address, url } } : { fault: `URI cannot be resolved: ${JSON.stringify(uri)}` };
}

function resolveReference(
  ref: KReference,
  { CACerts, audience }: Destination,
  own: string,
  reader: ResolveReader,
): Resolution {
  const { name = '', namespace = own } = ref;
  const mapped = mappedUrl(ref, namespace, reader);
  if (mapped) return 'fault' in mapped ? mapped : { address: address(mapped.url, CACerts, audience) };
  const failed = (why: string) => ({ fault: `failed to get object ${namespace}/${name}: ${why}` });
  const kind = kindOf(ref);
  if (!kind) return failed('the server could not find the requested resource');
  const object = reader.get(kind, namespace, name);
  if (!object) return failed(`${pluralOf(kind)} ${JSON.stringify(name)} not found`);
  if (kind.resource === CoreService.resource) {
    const url = `${CACerts ? 'https' : 'http'}://${name}.${namespace}.svc.${CLUSTER_DOMAIN}`;
    return { address: address(url, CACerts, audience) };
  }
  return addressOf(object, { ...ref, namespace }, { CACerts, audience });
}

function addressOf(object: Addressed, ref: KReference, own: Pick<Destination, 'CACerts' | 'audience'>): Resolution {
  const { address: single, addresses = [] } = object.status ?? {};
  if (!single && addresses.length === 0) return { fault: `address not set for ${told(ref)}` };
  const found = ref.address ? addresses.find(({ name }) => name === ref.address) : (addresses[0] ?? single);
  if (!found) return { fault: `address with name ${JSON.stringify(ref.address)} not found for ${told(ref)}` };
  if (!found.url) return { fault: `URL missing in address of ${told(ref)}` };
  if (!hostOf(found.url)) return { fault: `hostname missing in address of ${told(ref)}` };
  return { address: address(found.url, own.CACerts || found.CACerts, own.audience || found.audience) };
}

function address(url: string, CACerts: string | undefined, audience: string | undefined): Reachable {
  return { url, ...(CACerts ? { CACerts } : {}), ...(audience ? { audience } : {}) };
}

/** The URL that config-kreference-mapping has for a kind; undefined where it has none, or is switched off. */
function mappedUrl(
  { apiVersion = '', kind = '', name = '' }: KReference,
  namespace: string,
  reader: ResolveReader,
): { url: string } | { fault: string } | undefined {
  if (!reader.config?.(eventingFeaturesConfig).isEnabled('kreference-mapping')) return undefined;
  const template = reader.config(kreferenceMappingConfig).templateFor(apiVersion, kind);
  if (template === undefined) return undefined;
  const known = allKinds.find((one) => one.apiVersion === apiVersion && one.kind === kind);
  const UID = (known && reader.get(known, namespace, name)?.metadata.uid) ?? '';
  try {
    const values = { Name: name, Namespace: namespace, SystemNamespace: EVENTING_NAMESPACE, UID };
    return { url: goTemplate(template)(values) };
  } catch (thrown) {
    return { fault: `config-kreference-mapping cannot be used for ${kind}: ${messageOf(thrown)}` };
  }
}

/** The kind that a reference names, in whichever version. */
export function kindOf({ apiVersion, group, kind }: KReference): Kind | undefined {
  const of = apiVersion ? splitApiVersion(apiVersion).group : (group ?? '');
  return referableKinds.find((one) => one.group === of && one.kind === kind);
}

function pluralOf({ group, names }: Kind): string {
  return group ? `${names.plural}.${group}` : names.plural;
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? '';
}

/** A reference as Knative prints it. */
function told({ kind = '', namespace = '', name = '', apiVersion = '', group = '', address: named = '' }: KReference) {
  return `Kind = ${kind}, Namespace = ${namespace}, Name = ${name}, APIVersion = ${apiVersion}, Group = ${group}, Address = ${named}`;
}
