// What the API says of itself.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMetrics } from '#telemetry/mod.ts';
import type { TestApi } from '../contracts/api-server.ts';
import { startTestApi, USER_TOKEN } from '../contracts/api-server.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

interface Resource {
  readonly name: string;
  readonly verbs: readonly string[];
}

test('the groups, the core one apart, custom ones last', async () => {
  expect((await api.request('GET', '/api')).body).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
  const { body } = await api.request('GET', '/apis');
  const names = (body['groups'] as { name: string }[]).map(({ name }) => name);
  expect(names).not.toContain('');
  expect(names.indexOf('apps')).toBeLessThan(names.indexOf('serving.knative.dev'));
  expect((await api.request('GET', '/apis/serving.knative.dev')).body).toMatchObject({
    kind: 'APIGroup',
    name: 'serving.knative.dev',
    preferredVersion: { groupVersion: 'serving.knative.dev/v1' },
    versions: [{ version: 'v1' }, { version: 'v1beta1' }],
  });
});

test('the resources of a group-version with their subresources', async () => {
  const resources = (await api.request('GET', '/api/v1')).body['resources'] as unknown as Resource[];
  const named = new Map(resources.map((resource) => [resource.name, resource]));
  expect(named.get('pods')?.verbs).toEqual([
    'create',
    'delete',
    'deletecollection',
    'get',
    'list',
    'patch',
    'update',
    'watch',
  ]);
  expect(named.get('pods/log')).toMatchObject({ kind: 'Pod', verbs: ['get'], namespaced: true });
  expect(named.get('pods/eviction')).toMatchObject({ group: 'policy', version: 'v1', kind: 'Eviction' });
  expect(named.get('serviceaccounts/token')).toMatchObject({ group: 'authentication.k8s.io', kind: 'TokenRequest' });
  const reviews = (await api.request('GET', '/apis/authentication.k8s.io/v1')).body[
    'resources'
  ] as unknown as Resource[];
  expect(reviews.map(({ name }) => name)).toEqual(['selfsubjectreviews', 'tokenreviews']);
});

test('all in one document', async () => {
  const headers = { Accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json' };
  const answer = await api.request('GET', '/apis', { headers });
  expect(answer.headers.get('content-type')).toBe(
    'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  );
  expect(answer.body).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' });
  const core = await api.request('GET', '/api', { headers });
  expect(core.body).toMatchObject({ items: [{ versions: [{ version: 'v1', freshness: 'Current' }] }] });
});

test('every document of the OpenAPI index is there, and says which kinds it is about', async () => {
  const { body } = await api.request('GET', '/openapi/v3');
  const paths = Object.entries(body['paths'] as Record<string, { serverRelativeURL: string }>);
  expect(paths.map(([path]) => path)).toContain('apis/serving.knative.dev/v1');
  for (const [path, { serverRelativeURL }] of paths) {
    const document = await api.request('GET', serverRelativeURL);
    expect(document.body, path).toMatchObject({ openapi: '3.0.0' });
  }
  expect((await api.request('GET', '/openapi/v3/apis/apps/v1')).text).toContain(
    '"x-kubernetes-group-version-kind":[{"group":"apps","version":"v1","kind":"Deployment"}]',
  );
  expect((await api.request('GET', '/openapi/v2')).code).toBe(404);
});

test('its version, its health, and where its keys are', async () => {
  expect((await api.request('GET', '/version')).body).toMatchObject({
    major: '1',
    minor: '34',
    gitVersion: 'v1.34.0+ebb',
  });
  expect((await api.request('GET', '/readyz?verbose')).text).toBe('[+]ping ok\n[+]shutdown ok\nreadyz check passed\n');
  expect((await api.request('GET', '/livez/ping')).text).toBe('ok');
  expect((await api.request('GET', '/.well-known/openid-configuration')).body).toMatchObject({
    issuer: 'https://kubernetes.default.svc',
  });
  expect((await api.request('GET', '/openid/v1/jwks')).body).toMatchObject({ keys: [{ kty: 'EC' }] });
});

test('what was measured, for those who may see it', async () => {
  const metrics = createMetrics();
  const measured = await startTestApi({ metrics, families: async () => metrics.families() });
  try {
    await measured.request('GET', '/api/v1/namespaces');
    const { code, text } = await measured.request('GET', '/metrics');
    expect(code).toBe(200);
    expect(text).toMatch(/apiserver_request_total\{verb="list",.*resource="namespaces",.*code="200"\} 1\n/);
    expect((await measured.request('GET', '/metrics', { token: USER_TOKEN })).code).toBe(403);
    expect((await measured.request('GET', '/metrics/slis')).code).toBe(404);
    expect((await measured.request('GET', '/')).body['paths']).toContain('/metrics');
  } finally {
    await measured.close();
  }
  expect((await api.request('GET', '/metrics')).code).toBe(404);
});
