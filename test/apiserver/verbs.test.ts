// The verbs and subresources over HTTP, and the forms of their answers.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '#base/mod.ts';
import type { PodStreams } from '#objects/mod.ts';
import { parse } from 'yaml';
import type { TestApi } from '../contracts/api-server.ts';
import { startTestApi } from '../contracts/api-server.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const MERGE = { 'Content-Type': 'application/merge-patch+json' };

const podStreams: PodStreams = {
  async *logs(pod, { container, tailLines }) {
    yield Buffer.from(`${pod.metadata.name}/${container} ${tailLines ?? 'all'}\n`);
    yield Buffer.from('end\n');
  },
};

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ podStreams });
});
afterAll(() => api.close());

const pod = (name: string, spec: JsonObject = {}): JsonObject => ({
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'x' }], ...spec },
});
const deployment = (name: string): JsonObject => ({
  metadata: { name },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: 'x' }] } },
  },
});

describe('forms', () => {
  test('JSON, pretty JSON, YAML, metadata alone, a table, HEAD', async () => {
    await api.request('POST', MAPS, { body: { metadata: { name: 'forms' }, data: { a: 'b' } } });
    const one = `${MAPS}/forms`;
    expect((await api.request('GET', one)).text).not.toContain('\n  ');
    expect((await api.request('GET', `${one}?pretty=true`)).text).toContain('\n  "kind"');
    expect(parse((await api.request('GET', one, { headers: { Accept: 'application/yaml' } })).text)).toMatchObject({
      kind: 'ConfigMap',
      data: { a: 'b' },
    });
    const metadata = await api.request('GET', one, {
      headers: { Accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' },
    });
    expect(metadata.body).toMatchObject({
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { name: 'forms' },
    });
    expect(metadata.body).not.toHaveProperty('data');
    const table = await api.request('GET', `${MAPS}?fieldSelector=metadata.name%3Dforms&includeObject=None`, {
      headers: { Accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' },
    });
    expect(table.body).toMatchObject({
      kind: 'Table',
      metadata: { resourceVersion: expect.any(String) },
      rows: [{ cells: ['forms', 1, expect.any(String)] }],
    });
    const head = await api.request('HEAD', one);
    expect(head).toMatchObject({ code: 200, text: '' });
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(50);
  });

  test('YAML in', async () => {
    const made = await api.request('POST', MAPS, {
      body: 'metadata: {name: from-yaml}\ndata: {a: "1"}\n',
      headers: { 'Content-Type': 'application/yaml' },
    });
    expect(made).toMatchObject({ code: 201, body: { apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1' } } });
  });

  test('long answers are packed for those who want it', async () => {
    await api.request('POST', MAPS, { body: { metadata: { name: 'long' }, data: { text: 'x'.repeat(200_000) } } });
    const long = await api.request('GET', `${MAPS}/long`, { headers: { 'Accept-Encoding': 'gzip' } });
    expect(long.headers.get('content-encoding')).toBe('gzip');
    expect(long.body).toMatchObject({ metadata: { name: 'long' } });
  });
});

describe('writes', () => {
  test('a dry run leaves nothing', async () => {
    expect((await api.request('POST', `${MAPS}?dryRun=All`, { body: { metadata: { name: 'dry' } } })).code).toBe(201);
    expect((await api.request('GET', `${MAPS}/dry`)).code).toBe(404);
  });

  test('a field that is written twice is told of', async () => {
    const made = await api.request('POST', `${MAPS}?dryRun=All`, {
      body: '{"metadata":{"name":"twice"},"data":{"a":"1","a":"2"}}',
    });
    expect(made.code).toBe(201);
    expect(made.headers.get('warning')).toBe('299 - "duplicate field \\"data.a\\""');
  });

  test('server-side apply creates, then owns', async () => {
    const apply = (manager: string, data: JsonObject, force = '') =>
      api.request('PATCH', `${MAPS}/applied?fieldManager=${manager}${force}`, {
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data },
        headers: { 'Content-Type': 'application/apply-patch+yaml' },
      });
    expect((await apply('one', { a: '1' })).code).toBe(201);
    expect(await apply('two', { a: '2' })).toMatchObject({ code: 409, body: { reason: 'Conflict' } });
    expect(await apply('two', { a: '2' }, '&force=true')).toMatchObject({ code: 200, body: { data: { a: '2' } } });
  });

  test('a collection goes by its labels', async () => {
    for (const name of ['g1', 'g2', 'g3'])
      await api.request('POST', MAPS, { body: { metadata: { name, labels: { gone: name === 'g3' ? 'no' : 'yes' } } } });
    const gone = await api.request('DELETE', `${MAPS}?labelSelector=gone%3Dyes`);
    expect(gone.body).toMatchObject({
      kind: 'ConfigMapList',
      items: [{ metadata: { name: 'g1' } }, { metadata: { name: 'g2' } }],
    });
    expect((await api.request('GET', `${MAPS}?labelSelector=gone`)).body['items']).toHaveLength(1);
  });

  test('what is gone is told as a Status', async () => {
    await api.request('POST', MAPS, { body: { metadata: { name: 'short' } } });
    const gone = await api.request('DELETE', `${MAPS}/short`, {
      body: { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' },
    });
    expect(gone).toMatchObject({
      code: 200,
      body: {
        kind: 'Status',
        status: 'Success',
        details: { name: 'short', kind: 'configmaps', uid: expect.any(String) },
      },
    });
  });
});

describe('scale', () => {
  test('is read, set and patched', async () => {
    await api.request('POST', DEPLOYMENTS, { body: deployment('web') });
    const scale = `${DEPLOYMENTS}/web/scale`;
    const read = await api.request('GET', scale);
    expect(read.body).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name: 'web', namespace: 'default' },
      spec: { replicas: 2 },
      status: { replicas: 0, selector: 'app=web' },
    });
    expect((await api.request('PUT', scale, { body: { ...read.body, spec: { replicas: 4 } } })).body).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 4 },
    });
    expect((await api.request('PUT', scale, { body: { ...read.body, spec: { replicas: 5 } } })).code).toBe(409);
    expect((await api.request('PATCH', scale, { body: { spec: { replicas: 0 } }, headers: MERGE })).body).toMatchObject(
      { spec: { replicas: 0 } },
    );
    expect((await api.request('GET', `${DEPLOYMENTS}/web`)).body).toMatchObject({ spec: { replicas: 0 } });
    expect(
      (await api.request('PATCH', scale, { body: { spec: { replicas: -1 } }, headers: MERGE })).body,
    ).toMatchObject({
      code: 422,
      message:
        'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    });
  });
});

describe('Pods', () => {
  test('get their account and its token', async () => {
    const { body } = await api.request('POST', PODS, { body: pod('token') });
    const spec = body['spec'] as {
      serviceAccountName: string;
      volumes: { name: string; projected: object }[];
      containers: { volumeMounts: object[] }[];
    };
    expect(spec.serviceAccountName).toBe('default');
    expect(spec.volumes[0]?.name).toMatch(/^kube-api-access-\w{5}$/);
    expect(spec.containers[0]?.volumeMounts).toEqual([
      { name: spec.volumes[0]?.name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
    ]);
    const without = await api.request('POST', PODS, { body: pod('bare', { automountServiceAccountToken: false }) });
    expect(without.body['spec']).not.toHaveProperty('volumes');
  });

  test('are bound once', async () => {
    await api.request('POST', PODS, { body: pod('bound') });
    const bind = () =>
      api.request('POST', `${PODS}/bound/binding`, {
        body: {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { name: 'bound' },
          target: { kind: 'Node', name: 'here' },
        },
      });
    expect(await bind()).toMatchObject({ code: 201, body: { kind: 'Status', status: 'Success' } });
    expect((await api.request('GET', `${PODS}/bound`)).body).toMatchObject({ spec: { nodeName: 'here' } });
    expect(await bind()).toMatchObject({
      code: 409,
      body: {
        message: 'Operation cannot be fulfilled on pods/binding "bound": pod bound is already assigned to node "here"',
      },
    });
  });

  test('are evicted', async () => {
    await api.request('POST', PODS, { body: pod('evicted') });
    const evicted = await api.request('POST', `${PODS}/evicted/eviction`, {
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'evicted' } },
    });
    expect(evicted).toMatchObject({ code: 201, body: { status: 'Success' } });
    expect((await api.request('GET', `${PODS}/evicted`)).code).toBe(404);
  });

  test('tell what they wrote', async () => {
    await api.request('POST', PODS, { body: pod('talks') });
    expect(await api.request('GET', `${PODS}/talks/log?tailLines=5`)).toMatchObject({
      code: 200,
      text: 'talks/main 5\nend\n',
    });
    await api.request('POST', PODS, {
      body: pod('two', {
        containers: [
          { name: 'a', image: 'x' },
          { name: 'b', image: 'x' },
        ],
      }),
    });
    expect((await api.request('GET', `${PODS}/two/log`)).body['message']).toBe(
      'a container name must be specified for pod two, choose one of: [a b]',
    );
    expect((await api.request('GET', `${PODS}/two/log?container=c`)).body['message']).toBe(
      'container c is not valid for pod two',
    );
  });
});

test('a dry run of a Service tries out its Pod', async () => {
  const body = {
    metadata: { name: 'dry' },
    spec: {
      template: {
        spec: { serviceAccountName: 'missing', containers: [{ name: 'user-container', image: 'ko.local/hello' }] },
      },
    },
  };
  const tried = await api.request('POST', '/apis/serving.knative.dev/v1/namespaces/default/services?dryRun=All', {
    body,
  });
  expect(tried.body).toMatchObject({ code: 400, reason: 'BadRequest' });
  expect(tried.body['message']).toMatch(
    /^admission webhook "validation\.webhook\.serving\.knative\.dev" denied the request: validation callback failed: dry run failed with .*serviceaccount "missing" not found: spec\.template$/,
  );
});
