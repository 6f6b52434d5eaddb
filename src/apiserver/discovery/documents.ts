// Discovery documents: what the API has, in the older form (a document for each group-version) and in the newer (all in one).

import { createHash } from 'node:crypto';
import type { Kind } from '#machinery/mod.ts';
import type { Subresource } from '../subresources/offered.ts';
import { subresourcesOf, verbsOf } from '../subresources/offered.ts';
import type { ApiGroup, ApiVersion } from './groups.ts';

/** `/api` */
export function apiVersions(core: ApiGroup | undefined, serverAddress: string): object {
  return {
    kind: 'APIVersions',
    versions: (core?.versions ?? []).map(({ version }) => version),
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

/** `/apis` */
export function groupList(groups: readonly ApiGroup[]): object {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.filter(({ name }) => name !== '').map(groupEntry) };
}

/** `/apis/GROUP` */
export function groupDocument(group: ApiGroup): object {
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) };
}

function groupEntry({ name, versions }: ApiGroup): object {
  const entries = versions.map(({ version, groupVersion }) => ({ groupVersion, version }));
  return { name, versions: entries, preferredVersion: entries[0] };
}

/** `/api/v1`, `/apis/GROUP/VERSION` */
export function resourceList({ groupVersion, kinds }: ApiVersion): object {
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: kinds.flatMap(resourceEntries) };
}

function resourceEntries(kind: Kind): object[] {
  const { names } = kind;
  const namespaced = kind.scope === 'Namespaced';
  const own = {
    name: names.plural,
    singularName: names.singular,
    namespaced,
    kind: kind.kind,
    verbs: verbsOf(kind),
    ...listed('shortNames', names.short),
    ...listed('categories', names.categories),
    storageVersionHash: storageVersionHash(kind),
  };
  return [own, ...subresourcesOf(kind).map((sub) => subresourceEntry(kind, sub, namespaced))];
}

function subresourceEntry(
  { names, group, version }: Kind,
  { name, verbs, response }: Subresource,
  namespaced: boolean,
): object {
  const isForeign = response.group !== group || response.version !== version;
  return {
    name: `${names.plural}/${name}`,
    singularName: '',
    namespaced,
    ...(isForeign ? { group: response.group, version: response.version } : {}),
    kind: response.kind,
    verbs,
  };
}

/** As long as it stays the same, a client may take stored data for unchanged in form. */
function storageVersionHash({ group, version, kind }: Kind): string {
  return createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64');
}

function listed(field: string, values: readonly string[]): object {
  return values.length > 0 ? { [field]: values } : {};
}

/** `/api` and `/apis` for clients that ask for everything in one document (apidiscovery.k8s.io). */
export function aggregated(groups: readonly ApiGroup[], version: string): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(groupDiscovery),
  };
}

function groupDiscovery({ name, versions }: ApiGroup): object {
  return {
    metadata: { ...(name ? { name } : {}), creationTimestamp: null },
    versions: versions.map(({ version, kinds }) => ({
      version,
      resources: kinds.map(resourceDiscovery),
      freshness: 'Current',
    })),
  };
}

function resourceDiscovery(kind: Kind): object {
  const { group, version, names } = kind;
  const subresources = subresourcesOf(kind).map(({ name, verbs, response }) => ({
    subresource: name,
    responseKind: response,
    verbs,
  }));
  return {
    resource: names.plural,
    responseKind: { group, version, kind: kind.kind },
    scope: kind.scope === 'Namespaced' ? 'Namespaced' : 'Cluster',
    singularResource: names.singular,
    verbs: verbsOf(kind),
    ...listed('shortNames', names.short),
    ...listed('categories', names.categories),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}
