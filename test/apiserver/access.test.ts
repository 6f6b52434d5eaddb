// Who may do what over HTTP: rights from roles, roles that gather roles, tokens of ServiceAccounts, reviews.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '#base/mod.ts';
import type { TestApi } from '../contracts/api-server.ts';
import { ROOT_TOKEN, startTestApi, USER_TOKEN } from '../contracts/api-server.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ANN = { kind: 'User', name: 'ann' };

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const bind = (name: string, role: string, subject: JsonObject, token = ROOT_TOKEN) =>
  api.request('POST', `${RBAC}/namespaces/default/rolebindings`, {
    token,
    body: { metadata: { name }, roleRef: { kind: 'ClusterRole', name: role }, subjects: [subject] },
  });
const asAnn = async (method: string, path: string, body?: JsonObject) =>
  (await api.request(method, path, { token: USER_TOKEN, ...(body ? { body } : {}) })).code;

test('the default roles gather the rules of others, those of Knative too', async () => {
  const { body } = await api.request('GET', `${RBAC}/clusterroles/view`);
  expect(body['rules']).toContainEqual(
    expect.objectContaining({
      apiGroups: [
        'serving.knative.dev',
        'networking.internal.knative.dev',
        'autoscaling.internal.knative.dev',
        'caching.internal.knative.dev',
      ],
      verbs: ['get', 'list', 'watch'],
    }),
  );
  const admin = await api.request('GET', `${RBAC}/clusterroles/admin`);
  expect(admin.body['rules']).toContainEqual(expect.objectContaining({ resources: ['rolebindings', 'roles'] }));
});

test('a binding gives rights in its namespace, and only what was given may be given on', async () => {
  expect(await asAnn('GET', '/api/v1/namespaces/default/pods')).toBe(403);
  expect((await bind('ann-admin', 'admin', ANN)).code).toBe(201);
  expect(await asAnn('GET', '/api/v1/namespaces/default/pods')).toBe(200);
  expect(await asAnn('GET', '/apis/serving.knative.dev/v1/namespaces/default/services')).toBe(200);
  expect(await asAnn('GET', '/api/v1/namespaces/knative-serving/pods')).toBe(403);
  expect((await bind('ben-view', 'view', { kind: 'User', name: 'ben' }, USER_TOKEN)).code).toBe(201);
  const tooMuch = await bind('ben-root', 'cluster-admin', { kind: 'User', name: 'ben' }, USER_TOKEN);
  expect(tooMuch).toMatchObject({ code: 403, body: { reason: 'Forbidden' } });
  expect(tooMuch.body['message']).toContain(
    'user "ann" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:["*"], Resources:["*"], Verbs:["*"]}',
  );
});

test('a new role that others gather is gathered', async () => {
  const labels = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' };
  await api.request('POST', `${RBAC}/clusterroles`, {
    body: {
      metadata: { name: 'boats', labels },
      rules: [{ apiGroups: ['sea'], resources: ['boats'], verbs: ['get'] }],
    },
  });
  await api.settled();
  const { body } = await api.request('GET', `${RBAC}/clusterroles/view`);
  expect(body['rules']).toContainEqual({ apiGroups: ['sea'], resources: ['boats'], verbs: ['get'] });
});

test('a token speaks for its ServiceAccount, as long as there is one', async () => {
  await api.request('POST', '/api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'bot' } } });
  await bind('bot-view', 'view', { kind: 'ServiceAccount', name: 'bot', namespace: 'default' });
  const made = await api.request('POST', '/api/v1/namespaces/default/serviceaccounts/bot/token', {
    body: { spec: { expirationSeconds: 700 } },
  });
  const { token } = made.body['status'] as { token: string };
  expect((await api.request('GET', '/api/v1/namespaces/default/pods', { token })).code).toBe(200);
  const self = await api.request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { token, body: {} });
  expect(self.body).toMatchObject({
    kind: 'SelfSubjectReview',
    status: {
      userInfo: {
        username: 'system:serviceaccount:default:bot',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
      },
    },
  });
  const review = () =>
    api.request('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { body: { spec: { token } } });
  expect((await review()).body['status']).toMatchObject({
    authenticated: true,
    user: { username: 'system:serviceaccount:default:bot' },
    audiences: ['https://kubernetes.default.svc'],
  });
  await api.request('DELETE', '/api/v1/namespaces/default/serviceaccounts/bot');
  expect((await review()).body['status']).toMatchObject({ authenticated: false });
  expect((await api.request('GET', '/api/v1/namespaces/default/pods', { token })).code).toBe(401);
});

test.each([
  [{ resourceAttributes: { verb: 'get', resource: 'secrets', namespace: 'knative-serving' } }, false],
  [{ resourceAttributes: { verb: 'create', resource: 'selfsubjectreviews', group: 'authentication.k8s.io' } }, true],
  [{ nonResourceAttributes: { verb: 'get', path: '/api' } }, true],
  [{ nonResourceAttributes: { verb: 'get', path: '/metrics' } }, false],
])('may ann: %o', async (spec, allowed) => {
  const { code, body } = await api.request('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    token: USER_TOKEN,
    body: { spec } as unknown as JsonObject,
  });
  expect(code).toBe(201);
  expect(body['status']).toMatchObject({ allowed });
});

test('one may ask for another, and be another', async () => {
  const asked = {
    spec: { user: 'nobody', groups: ['system:masters'], resourceAttributes: { verb: 'delete', resource: 'nodes' } },
  };
  expect(
    (await api.request('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', { body: asked })).body['status'],
  ).toMatchObject({ allowed: true });
  const list = await api.request('GET', '/api/v1/namespaces', { headers: { 'Impersonate-User': 'nobody' } });
  expect(list.body['message']).toBe(
    'namespaces is forbidden: User "nobody" cannot list resource "namespaces" in API group "" at the cluster scope',
  );
});

test.each(['/healthz', '/livez', '/readyz', '/version'])('anybody may ask %s', async (path) => {
  expect((await api.request('GET', path, { token: null })).code).toBe(200);
});
