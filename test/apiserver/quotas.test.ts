// Quotas and limits of a namespace, as writers meet them.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '#base/mod.ts';
import type { TestApi } from '../contracts/api-server.ts';
import { startTestApi } from '../contracts/api-server.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

/** A namespace of its own with a quota and a LimitRange where they are given; its path. */
async function namespace(name: string, quota?: JsonObject, limits?: readonly JsonObject[]): Promise<string> {
  const path = `/api/v1/namespaces/${name}`;
  await api.request('POST', '/api/v1/namespaces', { body: { metadata: { name } } });
  await api.request('POST', `${path}/serviceaccounts`, { body: { metadata: { name: 'default' } } });
  const made = [
    ...(quota
      ? [api.request('POST', `${path}/resourcequotas`, { body: { metadata: { name: 'q' }, spec: quota } })]
      : []),
    ...(limits
      ? [
          api.request('POST', `${path}/limitranges`, {
            body: { metadata: { name: 'l' }, spec: { limits: [...limits] } },
          }),
        ]
      : []),
  ];
  for (const { code, text } of await Promise.all(made)) expect([code, text]).toEqual([201, text]);
  return path;
}

const pod = (name: string, resources: JsonObject = {}): JsonObject => ({
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'x', resources }] },
});

test('many Pods at once take no more than there is', async () => {
  const path = await namespace('many', { hard: { pods: 5 } });
  const tries = Array.from({ length: 20 }, (_, i) => api.request('POST', `${path}/pods`, { body: pod(`p${i}`) }));
  const answers = await Promise.all(tries);
  expect(answers.filter(({ code }) => code === 201)).toHaveLength(5);
  const refused = answers.filter(({ code }) => code === 403);
  expect(refused).toHaveLength(15);
  expect(refused[0]?.body).toMatchObject({ reason: 'Forbidden', details: { kind: 'pods' } });
  expect(refused.at(-1)?.body['message']).toBe(
    'pods "p19" is forbidden: exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5',
  );
});

test('what goes makes room, and a dry run takes none', async () => {
  const path = await namespace('room', { hard: { configmaps: 1 } });
  const create = (query = '') =>
    api.request('POST', `${path}/configmaps${query}`, { body: { metadata: { name: 'a' } } });
  expect((await create('?dryRun=All')).code).toBe(201);
  expect((await create()).code).toBe(201);
  const other = await api.request('POST', `${path}/configmaps?dryRun=All`, { body: { metadata: { name: 'b' } } });
  expect([other.code, other.body['message']]).toEqual([
    403,
    'configmaps "b" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=1, limited: configmaps=1',
  ]);
  await api.request('DELETE', `${path}/configmaps/a`);
  expect((await create()).code).toBe(201);
});

test('a refusal for another reason gives back what was taken', async () => {
  const path = await namespace('back', { hard: { configmaps: 2 } });
  const create = () => api.request('POST', `${path}/configmaps`, { body: { metadata: { name: 'a' } } });
  expect((await Promise.all([create(), create(), create()])).map(({ code }) => code).toSorted((a, b) => a - b)).toEqual(
    [201, 409, 409],
  );
  const last = await api.request('POST', `${path}/configmaps`, { body: { metadata: { name: 'b' } } });
  expect(last.code).toBe(201);
});

test('limits fill in and refuse', async () => {
  const path = await namespace('limits', { hard: { 'requests.cpu': '150m' } }, [
    { type: 'Container', defaultRequest: { cpu: '0.1' }, max: { cpu: '1' } },
  ]);
  const made = await api.request('POST', `${path}/pods`, { body: pod('a') });
  expect(made.body).toMatchObject({
    metadata: {
      annotations: {
        'kubernetes.io/limit-ranger':
          'LimitRanger plugin set: cpu request for container main; cpu limit for container main',
      },
    },
    spec: { containers: [{ resources: { requests: { cpu: '100m' }, limits: { cpu: '1' } } }] },
    status: { qosClass: 'Burstable' },
  });
  const big = await api.request('POST', `${path}/pods`, { body: pod('b', { limits: { cpu: 2 } }) });
  expect([big.code, big.body['message']]).toEqual([
    403,
    'pods "b" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
  ]);
  const second = await api.request('POST', `${path}/pods`, { body: pod('c') });
  expect(second.body['message']).toBe(
    'pods "c" is forbidden: exceeded quota: q, requested: requests.cpu=100m, used: requests.cpu=100m, limited: requests.cpu=150m',
  );
});
