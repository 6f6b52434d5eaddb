// The face of Knative's kinds: what discovery says of them, what `kubectl get` shows, and whose fields are whose after an apply. Both API
// servers must show the same.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '#base/mod.ts';
import { allKinds } from '#kinds/mod.ts';
import type { Kind } from '#machinery/mod.ts';
import type { HttpClientOptions } from '#objects/mod.ts';
import { clusterOfEnvironment } from './environment.ts';
import type { OwnServer } from './own-server.ts';
import { startOwnServer } from './own-server.ts';
import { ask } from './verdicts.ts';

const { access } = clusterOfEnvironment();
let own: OwnServer;
beforeAll(async () => {
  own = await startOwnServer();
});
afterAll(() => own.close());

/** What both answer; `read` takes out what is to be compared. */
async function both(read: (server: HttpClientOptions) => Promise<unknown>): Promise<[unknown, unknown]> {
  return [await read(own.access), await read(access)];
}

async function json(
  server: HttpClientOptions,
  method: string,
  path: string,
  { accept, type = 'application/json', body }: { accept?: string; type?: string; body?: JsonObject } = {},
): Promise<JsonObject> {
  const headers = { ...(accept ? { Accept: accept } : {}), ...(body ? { 'Content-Type': type } : {}) };
  return JSON.parse((await ask(server, method, path, headers, body && JSON.stringify(body))).text) as JsonObject;
}

const custom = allKinds.filter((kind) => kind.custom);
const groups = [...new Set(custom.map(({ apiVersion }) => apiVersion))];

test.each(groups)('discovery of %s', async (groupVersion) => {
  const [ours, theirs] = await both(async (server) => {
    const { resources } = (await json(server, 'GET', `/apis/${groupVersion}`)) as unknown as { resources: Resource[] };
    return resources.map(told).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  });
  expect(ours).toEqual(theirs);
});

interface Resource {
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

const told = ({ name, singularName, namespaced, kind, verbs, shortNames = [], categories = [] }: Resource) => ({
  name,
  singularName,
  namespaced,
  kind,
  verbs: verbs.toSorted(),
  shortNames,
  categories,
});

const READY = [{ type: 'Ready', status: 'False', reason: 'Because', lastTransitionTime: '2026-01-01T00:00:00Z' }];
const CONTAINERS = [{ image: 'ko.local/hello' }];

/** One object of each kind that has something to show. */
const SHOWN: Readonly<Record<string, { readonly spec: JsonObject; readonly status?: JsonObject }>> = {
  Service: {
    spec: { template: { spec: { containers: CONTAINERS } } },
    status: { url: 'http://a', latestCreatedRevisionName: 'r2', latestReadyRevisionName: 'r1', conditions: READY },
  },
  Configuration: {
    spec: { template: { spec: { containers: CONTAINERS } } },
    status: { latestCreatedRevisionName: 'r2', conditions: READY },
  },
  Revision: { spec: { containers: CONTAINERS }, status: { actualReplicas: 0, desiredReplicas: 3, conditions: READY } },
  Route: { spec: {}, status: { url: 'http://a', conditions: READY } },
  DomainMapping: { spec: { ref: { kind: 'Service', name: 's' } }, status: { url: 'http://d' } },
  PodAutoscaler: {
    spec: { scaleTargetRef: { name: 'd' }, protocolType: 'http1' },
    status: { serviceName: 's', metricsServiceName: 'm', desiredScale: 2, conditions: READY },
  },
  Metric: { spec: { stableWindow: 1, panicWindow: 1, scrapeTarget: '' }, status: { conditions: READY } },
  Ingress: { spec: {}, status: { conditions: READY } },
  Certificate: { spec: { dnsNames: ['a.b'], secretName: 's' }, status: { conditions: READY } },
  ServerlessService: {
    spec: { mode: 'Proxy', numActivators: 2, objectRef: { kind: 'Deployment', name: 'd' }, protocolType: 'http1' },
    status: { serviceName: 's', privateServiceName: 'p' },
  },
  ClusterDomainClaim: { spec: { namespace: 'default' } },
  Image: { spec: { image: 'ko.local/hello' } },
};

function collectionOf({ apiVersion, names, scope }: Kind): string {
  return `/apis/${apiVersion}${scope === 'Namespaced' ? '/namespaces/default' : ''}/${names.plural}`;
}

describe('what is shown', () => {
  test.each(custom.map((kind) => [kind.kind, kind] as const))('of a %s', async (name, kind) => {
    const { spec, status } = SHOWN[name] ?? { spec: {} };
    const labels = { 'serving.knative.dev/configuration': 'c', 'serving.knative.dev/configurationGeneration': '7' };
    const object = { apiVersion: kind.apiVersion, kind: name, metadata: { name: 'shown.example', labels }, spec };
    const [ours, theirs] = await both(async (server) => {
      const made = await json(server, 'POST', collectionOf(kind), { body: object });
      const path = `${collectionOf(kind)}/shown.example`;
      if (status) await json(server, 'PUT', `${path}/status`, { body: { ...made, status } });
      const table = await shownAt(server, path);
      await json(server, 'DELETE', path);
      return table;
    });
    expect(ours).toEqual(theirs);
  });
});

test('what is shown of an Event, whose name comes last', async () => {
  const lastTimestamp = '2026-01-01T00:00:00Z';
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'shown', namespace: 'default' },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'a', fieldPath: 'spec.containers{c}' },
    reason: 'Pulled',
    message: 'Image is here ',
    type: 'Normal',
    source: { component: 'kubelet', host: 'n' },
    count: 2,
    firstTimestamp: lastTimestamp,
    lastTimestamp,
  };
  const path = '/api/v1/namespaces/default/events';
  const [ours, theirs] = await both(async (server) => {
    await json(server, 'POST', path, { body: event });
    const table = await shownAt(server, `${path}/shown`);
    await json(server, 'DELETE', `${path}/shown`);
    return table;
  });
  expect(ours).toEqual(theirs);
});

/** The columns and the one row of the object at a path, as `kubectl get` asks for them. */
async function shownAt(server: HttpClientOptions, path: string) {
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const { columnDefinitions, rows } = (await json(server, 'GET', path, { accept })) as unknown as Table;
  return {
    columns: columnDefinitions.map(({ name, type, format, priority }) => [name, type, format, priority]),
    cells: rows.map(({ cells }) => cells.map(ageless)),
  };
}

/** A cell without its seconds: a second may begin between what the one server shows and what the other does. */
const ageless = (cell: unknown): unknown => (typeof cell === 'string' ? cell.replace(/^\d+s$/, 'seconds') : cell);

interface Table {
  readonly columnDefinitions: readonly { name: string; type: string; format: string; priority: number }[];
  readonly rows: readonly { cells: readonly unknown[] }[];
}

test('whose fields are whose after applies: lists by key, lists as a whole, and a conflict', async () => {
  const path = '/apis/serving.knative.dev/v1/namespaces/default/services/applied';
  const service = (container: JsonObject, more: JsonObject = {}) => ({
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name: 'applied' },
    spec: { template: { spec: { containers: [container], ...more } } },
  });
  const first = service(
    { name: 'c', image: 'a', env: [{ name: 'A', value: '1' }], ports: [{ containerPort: 80 }] },
    { volumes: [{ name: 'v', emptyDir: {} }], nodeSelector: { a: 'b' }, imagePullSecrets: [{ name: 's' }] },
  );
  const second = {
    ...service({ name: 'c', image: 'b' }),
    spec: { template: { spec: { volumes: [{ name: 'w', secret: { secretName: 's' } }], timeoutSeconds: 5 } } },
  };
  const [ours, theirs] = await both(async (server) => {
    const apply = (manager: string, body: JsonObject, force = '') =>
      json(server, 'PATCH', `${path}?fieldManager=${manager}${force}`, { type: 'application/apply-patch+yaml', body });
    const steps = [
      await apply('one', first),
      await apply('two', second),
      await apply('two', service({ name: 'c', image: 'b' })),
      await apply('two', service({ name: 'c', image: 'b' }), '&force=true'),
      await apply('one', service({ name: 'c', image: 'b', env: [{ name: 'B', value: '2' }] })),
    ];
    await json(server, 'DELETE', path);
    return steps.map(essence);
  });
  expect(ours).toEqual(theirs);
});

/** An object's spec and who has what of it, or why it was refused. */
function essence(answer: JsonObject): unknown {
  const { spec, metadata, reason, message, details } = answer as {
    spec?: unknown;
    metadata?: { managedFields?: readonly { manager: string; operation: string; fieldsV1: unknown }[] };
    reason?: string;
    message?: string;
    details?: unknown;
  };
  if (reason) return { reason, message, details };
  const owners = (metadata?.managedFields ?? []).map(({ manager, operation, fieldsV1 }) => ({
    manager,
    operation,
    fieldsV1,
  }));
  return { spec, owners: owners.toSorted((a, b) => (a.manager < b.manager ? -1 : 1)) };
}
