// A case of a controller played against a real API server: what is given is put into its etcd as it is, uids and generations and all;
// then the controller reads and writes by the API alone.

import { isRecord, systemClock } from '#base/mod.ts';
import type { Deployment } from '#kinds/mod.ts';
import { allKinds } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import type { Client, HttpClientOptions } from '#objects/mod.ts';
import { httpClient, informersOf } from '#objects/mod.ts';
import type { Write } from '../../cases/fake-cluster.ts';
import type { MakeWorld, World } from '../../cases/world.ts';
import type { Etcd } from './etcd.ts';
import { keyOf, prefixOf } from './storage-keys.ts';

/** What every cluster has of its own, and a case leaves alone. */
const STANDING = new Set(['namespaces', 'clusterroles', 'clusterrolebindings', 'customresourcedefinitions']);

/** Makes worlds in a cluster that has the CRDs of all kinds. One at a time: each begins by emptying it. */
export function worldsIn(access: HttpClientOptions, etcd: Etcd): MakeWorld {
  return async (given): Promise<World> => {
    await empty(etcd);
    const namespaces = new Set(given.map(({ object }) => object.metadata.namespace ?? 'default'));
    for (const name of namespaces) await etcd.put(`/registry/namespaces/${name}`, namespaceOf(name));
    for (const { kind, object } of given) await etcd.put(keyOf(kind, object), standing(object));
    const client = httpClient(access);
    const informers = informersOf(client, { clock: systemClock });
    const running = new AbortController();
    const writes: Write[] = [];
    return {
      client: noting(client, writes),
      informers,
      writes,
      start: () => informers.start(running.signal),
      lost: () => lostOf(client, writes),
      end: async () => {
        running.abort();
        client.close();
      },
    };
  };
}

/** What a case says of an object, with what the API demands of one that stands. */
function standing(object: KubeObject): object {
  const whole = { spec: {} as Partial<Deployment['spec']>, ...object };
  if (object.kind !== 'Deployment') return whole;
  const labels = { 'serving.knative.dev/revisionUID': object.metadata.ownerReferences?.[0]?.uid ?? 'none' };
  const { selector, template } = whole.spec;
  return {
    ...whole,
    spec: {
      ...whole.spec,
      selector: selector?.matchLabels ? selector : { matchLabels: labels },
      template: template?.spec?.containers ? template : podTemplate(labels),
    },
  };
}

const podTemplate = (labels: Record<string, string>) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'user-container', image: 'ko.local/a' }] },
});

function namespaceOf(name: string) {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, uid: `namespace-${name}-uid`, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}

async function empty(etcd: Etcd): Promise<void> {
  const kinds = allKinds.filter(({ verbs, names }) => !verbs && !STANDING.has(names.plural));
  for (const prefix of new Set(kinds.map(prefixOf))) await etcd.removeAll(prefix);
}

/** A client that notes each write before it goes out. */
function noting(client: Client, writes: Write[]): Client {
  const key = ({ metadata }: KubeObject) =>
    metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;
  const place = (namespace: string, name: string) => (namespace ? `${namespace}/${name}` : name);
  return {
    ...client,
    create(kind, object) {
      writes.push({ verb: 'create', kind, key: key(object), body: object });
      return client.create(kind, object);
    },
    update(kind, object) {
      writes.push({ verb: 'update', kind, key: key(object), body: object });
      return client.update(kind, object);
    },
    updateStatus(kind, object) {
      const { status } = object as { status?: unknown };
      writes.push({ verb: 'updateStatus', kind, key: key(object), body: status });
      return client.updateStatus(kind, object);
    },
    patch(kind, namespace, name, type, body, options) {
      writes.push({ verb: 'patch', kind, key: place(namespace, name), body });
      return client.patch(kind, namespace, name, type, body, options);
    },
    delete(kind, namespace, name, options) {
      writes.push({ verb: 'delete', kind, key: place(namespace, name) });
      return client.delete(kind, namespace, name, options);
    },
  };
}

/** Where what stands now lacks something of what was written last. */
async function lostOf(client: Client, writes: readonly Write[]): Promise<string[]> {
  const lost: string[] = [];
  for (const { verb, kind, key, body } of writes) {
    if (verb === 'patch' || verb === 'delete') continue;
    const [namespace = '', name = ''] = key.includes('/') ? key.split('/') : ['', key];
    const found = await client.get(kind, namespace, name);
    const asked = verb === 'updateStatus' ? { status: body } : withoutStatus(body);
    // What was made and removed again, or changed again, is judged by its last write.
    const isLast =
      writes.findLast((write) => write.kind === kind && write.key === key && sameVerb(write, verb))?.body === body;
    if (found && isLast) lost.push(...missing(asked, found, `${kind.kind} ${key}`));
  }
  return lost;
}

const sameVerb = ({ verb }: Write, other: Write['verb']): boolean =>
  (verb === 'updateStatus') === (other === 'updateStatus');

function withoutStatus(body: unknown): unknown {
  const { status: _status, metadata, ...rest } = body as KubeObject & { status?: unknown };
  const { labels, annotations, ownerReferences, name } = metadata;
  return { ...rest, metadata: { labels, annotations, ownerReferences, name } };
}

/** The paths of what is asked for and not there. */
function missing(asked: unknown, found: unknown, path: string): string[] {
  if (asked === undefined || (isNothing(asked) && found === undefined)) return [];
  if (Array.isArray(asked) && Array.isArray(found))
    return asked.flatMap((item, i) => missing(item, found[i], `${path}[${i}]`));
  if (isRecord(asked) && isRecord(found))
    return Object.entries(asked).flatMap(([key, value]) => missing(value, found[key], `${path}.${key}`));
  return Object.is(asked, found) ? [] : [`${path}: asked ${JSON.stringify(asked)}, is ${JSON.stringify(found)}`];
}

/** Built-in kinds drop what is empty. */
function isNothing(value: unknown): boolean {
  if (value === '' || value === 0 || value === false || value === null) return true;
  return typeof value === 'object' && Object.values(value).every(isNothing);
}
