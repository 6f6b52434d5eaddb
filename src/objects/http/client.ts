// The client of a real API server: the same door as in process, over HTTP.

import type { Clock, JsonObject } from '#base/mod.ts';
import { deepFreeze, isRecord } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { ApiError } from '#machinery/mod.ts';
import type { Client, DeleteOptions, ListOptions, ObjectList, PatchType, WatchEvent } from '../client.ts';
import type { HttpClientOptions } from './kubeconfig.ts';
import { errorFromStatus } from './status.ts';
import { Transport } from './transport.ts';

export interface HttpClient extends Client {
  /** Any other request of the API, such as `/version`; the server may be silent for `idleMs`. Throws as the rest does. */
  raw(method: string, path: string, body?: JsonObject, idleMs?: number): Promise<unknown>;
  /** Lets go of all connections; watches end. */
  close(): void;
}

type PatchOptions = NonNullable<Parameters<Client['patch']>[5]>;

/** A watch is asked anew after this long, so that a connection that died unseen is found. */
const WATCH_SECONDS = 300;

const PATCH_TYPES: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

export function httpClient(options: HttpClientOptions, clock?: Clock): HttpClient {
  const transport = new Transport(options, clock);
  const fieldManager = options.fieldManager ?? (options.userAgent ?? 'ebb').split(/[/ ]/)[0] ?? 'ebb';

  async function write<O extends KubeObject>(
    method: string,
    kind: Kind<O>,
    path: string,
    body: unknown,
    type = 'application/json',
    query: Query = {},
  ): Promise<O> {
    const text = JSON.stringify(body);
    const answer = await transport.json({
      method,
      path: path + queryText({ fieldManager, ...query }),
      body: { type, text },
    });
    return objectOf(kind, answer);
  }

  return {
    async get<O extends KubeObject>(kind: Kind<O>, namespace: string, name: string) {
      try {
        return objectOf(kind, await transport.json({ method: 'GET', path: pathOf(kind, namespace, name) }));
      } catch (thrown) {
        if (isMissing(thrown)) return undefined;
        throw thrown;
      }
    },
    async list<O extends KubeObject>(kind: Kind<O>, listOptions: ListOptions = {}) {
      const path = pathOf(kind, listOptions.namespace) + queryText(selectors(listOptions));
      return listOf(kind, await transport.json({ method: 'GET', path }));
    },
    create: (kind, object) => write('POST', kind, pathOf(kind, object.metadata.namespace), object),
    update: (kind, object) => write('PUT', kind, pathOfObject(kind, object), object),
    updateStatus: (kind, object) => write('PUT', kind, `${pathOfObject(kind, object)}/status`, object),
    async patch<O extends KubeObject>(
      kind: Kind<O>,
      namespace: string,
      name: string,
      type: PatchType,
      body: unknown,
      { subresource, force, fieldManager: manager }: PatchOptions = {},
    ) {
      const path = pathOf(kind, namespace, name);
      const query = { ...(manager ? { fieldManager: manager } : {}), ...(force ? { force: 'true' } : {}) };
      const answer = await write(
        'PATCH',
        kind,
        subresource ? `${path}/${subresource}` : path,
        body,
        PATCH_TYPES[type],
        query,
      );
      // The scale subresource answers with a Scale, not with the object.
      return subresource === 'scale' ? objectOf(kind, await transport.json({ method: 'GET', path })) : answer;
    },
    async delete(kind, namespace, name, deleteOptions) {
      const text = JSON.stringify(deleteBody(deleteOptions));
      await transport.json({
        method: 'DELETE',
        path: pathOf(kind, namespace, name),
        body: { type: 'application/json', text },
      });
    },
    watch: (kind, resourceVersion, listOptions, signal) => watch(transport, kind, resourceVersion, listOptions, signal),
    raw: (method, path, body, idleMs) =>
      transport.json({
        method,
        path,
        ...(idleMs === undefined ? {} : { idleMs }),
        ...(body ? { body: { type: 'application/json', text: JSON.stringify(body) } } : {}),
      }),
    close: () => transport.close(),
  };
}

async function* watch<O extends KubeObject>(
  transport: Transport,
  kind: Kind<O>,
  resourceVersion: string,
  options: ListOptions,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<O>, void, void> {
  const query = {
    ...selectors(options),
    watch: 'true',
    resourceVersion,
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(WATCH_SECONDS),
  };
  const path = pathOf(kind, options.namespace) + queryText(query);
  for await (const line of transport.lines(path, (WATCH_SECONDS + 30) * 1000, signal))
    yield eventOf(kind, JSON.parse(line));
}

function eventOf<O extends KubeObject>(kind: Kind<O>, event: unknown): WatchEvent<O> {
  const { type, object } = isRecord(event) ? event : {};
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: objectOf(kind, object) };
    case 'BOOKMARK':
      return { type, resourceVersion: objectOf(kind, object).metadata.resourceVersion ?? '' };
    case 'ERROR':
      throw errorFromStatus(isRecord(object) ? object : {});
    default:
      throw new Error(`the API server sent a watch event of type ${JSON.stringify(type)}`);
  }
}

/** An object of a list comes without apiVersion and kind. */
function objectOf<O extends KubeObject>({ apiVersion, kind }: Kind<O>, value: unknown): O {
  if (!isRecord(value) || !isRecord(value['metadata']))
    throw new Error(`the API server answered with something that is no ${kind}`);
  return deepFreeze({ ...value, apiVersion, kind } as unknown as O);
}

function listOf<O extends KubeObject>(kind: Kind<O>, value: unknown): ObjectList<O> {
  const items: unknown = isRecord(value) ? (value['items'] ?? []) : undefined;
  if (!isRecord(value) || !Array.isArray(items))
    throw new Error(`the API server answered with something that is no list of ${kind.kind}`);
  const { resourceVersion = '' } = (value['metadata'] ?? {}) as { resourceVersion?: string };
  return { items: items.map((item) => objectOf(kind, item)), resourceVersion };
}

/** An object that is not there, as against a resource that the server does not have. */
function isMissing(thrown: unknown): boolean {
  return thrown instanceof ApiError && thrown.code === 404 && thrown.status.details?.name !== undefined;
}

type Query = Readonly<Record<string, string>>;

/** `/apis/apps/v1/namespaces/default/deployments/hello`; without a name the collection, without a namespace all of them. */
function pathOf(kind: Kind, namespace?: string, name?: string): string {
  const parts = [
    ...(kind.group ? ['apis', kind.group] : ['api']),
    kind.version,
    ...(kind.scope === 'Namespaced' && namespace ? ['namespaces', namespace] : []),
    kind.names.plural,
    ...(name === undefined ? [] : [name]),
  ];
  return parts.map((part) => `/${encodeURIComponent(part)}`).join('');
}

function pathOfObject(kind: Kind, { metadata }: KubeObject): string {
  return pathOf(kind, metadata.namespace, metadata.name);
}

function queryText(query: Query): string {
  const text = new URLSearchParams(query).toString();
  return text ? `?${text}` : '';
}

function selectors({ labelSelector, fieldSelector }: ListOptions): Query {
  return { ...(labelSelector ? { labelSelector } : {}), ...(fieldSelector ? { fieldSelector } : {}) };
}

function deleteBody({ propagation, gracePeriodSeconds, uid, resourceVersion }: DeleteOptions = {}): object {
  const preconditions = { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
  return {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    ...(propagation ? { propagationPolicy: propagation } : {}),
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(uid || resourceVersion ? { preconditions } : {}),
  };
}
