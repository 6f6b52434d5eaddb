// metrics.k8s.io: what kubectl top asks for.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NodeMetrics, PodMetrics } from '#kinds/mod.ts';
import type { ResourceMetrics } from '#objects/mod.ts';
import type { TestApi } from '../contracts/api-server.ts';
import { startTestApi } from '../contracts/api-server.ts';

const GROUP = '/apis/metrics.k8s.io/v1beta1';
const times = { timestamp: '2026-01-01T00:00:15Z', window: '15s' };

function podMetrics(namespace: string, name: string, labels: Record<string, string>): PodMetrics {
  return {
    apiVersion: 'metrics.k8s.io/v1beta1',
    kind: 'PodMetrics',
    metadata: { name, namespace, labels },
    ...times,
    containers: [
      { name: 'a', usage: { cpu: '250000000n', memory: '1024Ki' } },
      { name: 'b', usage: { cpu: '5m', memory: '1Mi' } },
    ],
  };
}
const PODS = [
  podMetrics('default', 'one', { app: 'x' }),
  podMetrics('default', 'two', {}),
  podMetrics('other', 'one', {}),
];
const NODE: NodeMetrics = {
  apiVersion: 'metrics.k8s.io/v1beta1',
  kind: 'NodeMetrics',
  metadata: { name: 'here' },
  ...times,
  usage: { cpu: '1500m', memory: '2Gi' },
};
const resourceMetrics: ResourceMetrics = {
  pods: (namespace) => PODS.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
  nodes: () => [NODE],
};

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ resourceMetrics });
});
afterAll(() => api.close());

async function listed(path: string): Promise<string[]> {
  const { body } = await api.request('GET', `${GROUP}${path}`);
  const items = body['items'] as { metadata: { name: string; namespace?: string } }[];
  return items.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`);
}

describe('what is used', () => {
  test('the group is announced, to be read only', async () => {
    const { body } = await api.request('GET', GROUP);
    expect(body['resources']).toMatchObject([
      { name: 'nodes', kind: 'NodeMetrics', namespaced: false, verbs: ['get', 'list'] },
      { name: 'pods', kind: 'PodMetrics', namespaced: true, verbs: ['get', 'list'] },
    ]);
  });

  test.each([
    ['/pods', ['default/one', 'default/two', 'other/one']],
    ['/namespaces/default/pods', ['default/one', 'default/two']],
    ['/namespaces/default/pods?labelSelector=app%3Dx', ['default/one']],
    ['/namespaces/default/pods?fieldSelector=metadata.name%3Dtwo', ['default/two']],
    ['/namespaces/none/pods', []],
    ['/nodes', ['/here']],
  ])('%s', async (path, names) => expect(await listed(path)).toEqual(names));

  test('one Pod, one node, and neither', async () => {
    expect((await api.request('GET', `${GROUP}/namespaces/default/pods/one`)).body).toEqual(PODS[0]);
    expect((await api.request('GET', `${GROUP}/nodes/here`)).body).toEqual(NODE);
    const missing = await api.request('GET', `${GROUP}/namespaces/default/pods/three`);
    expect([missing.code, missing.body['message']]).toEqual([404, 'pods.metrics.k8s.io "three" not found']);
  });

  test('a table sums the containers', async () => {
    const headers = { Accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' };
    const pods = await api.request('GET', `${GROUP}/namespaces/other/pods`, { headers });
    expect(pods.body['rows']).toMatchObject([{ cells: ['one', '255m', '2048Ki', '15s'] }]);
    const nodes = await api.request('GET', `${GROUP}/nodes`, { headers });
    expect(nodes.body['rows']).toMatchObject([{ cells: ['here', '1500m', '2097152Ki', '15s'] }]);
  });

  test('nothing of it can be written', async () => {
    const answer = await api.request('DELETE', `${GROUP}/namespaces/default/pods/one`);
    expect(answer.code).toBe(405);
  });

  test('a server without a source says so', async () => {
    const bare = await startTestApi();
    const { code, body } = await bare.request('GET', `${GROUP}/nodes`);
    await bare.close();
    expect([code, body['reason']]).toEqual([501, 'NotImplemented']);
  });
});
