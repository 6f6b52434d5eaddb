// Kinds that come in at run time: from a CustomResourceDefinition to its objects and back.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '#base/mod.ts';
import type { TestApi } from '../contracts/api-server.ts';
import { startTestApi } from '../contracts/api-server.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const BOATS = '/apis/sea.example.com/v1/namespaces/default/boats';

const crd: JsonObject = {
  metadata: { name: 'boats.sea.example.com' },
  spec: {
    group: 'sea.example.com',
    scope: 'Namespaced',
    names: { plural: 'boats', kind: 'Boat', shortNames: ['bt'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: { type: 'object', properties: { crew: { type: 'integer', default: 1 }, name: { type: 'string' } } },
              status: { type: 'object', properties: { afloat: { type: 'boolean' } } },
            },
          },
        },
        subresources: { status: {}, scale: { specReplicasPath: '.spec.crew', statusReplicasPath: '.spec.crew' } },
        additionalPrinterColumns: [{ name: 'Crew', type: 'integer', jsonPath: '.spec.crew' }],
      },
    ],
  },
};

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

async function condition(type: string): Promise<string | undefined> {
  const { body } = await api.request('GET', `${CRDS}/boats.sea.example.com`);
  const conditions = ((body['status'] as JsonObject | undefined)?.['conditions'] ?? []) as {
    type: string;
    status: string;
  }[];
  return conditions.find((one) => one.type === type)?.status;
}

test('a definition is established, served, and takes its objects along when it goes', async () => {
  expect((await api.request('GET', BOATS)).code).toBe(404);
  expect((await api.request('POST', CRDS, { body: crd })).code).toBe(201);
  await api.settled();
  expect(await condition('Established')).toBe('True');
  expect((await api.request('GET', '/apis/sea.example.com/v1')).body['resources']).toEqual([
    expect.objectContaining({ name: 'boats', kind: 'Boat', shortNames: ['bt'], singularName: 'boat' }),
    expect.objectContaining({ name: 'boats/scale', group: 'autoscaling', kind: 'Scale' }),
    expect.objectContaining({ name: 'boats/status', kind: 'Boat' }),
  ]);

  const made = await api.request('POST', BOATS, {
    body: { metadata: { name: 'ann' }, spec: { name: 'Ann', sails: 3 }, status: { afloat: true } },
  });
  expect(made).toMatchObject({
    code: 201,
    body: { apiVersion: 'sea.example.com/v1', kind: 'Boat', spec: { crew: 1, name: 'Ann' } },
  });
  expect(made.body).not.toHaveProperty('status');
  expect(made.headers.get('warning')).toBe('299 - "unknown field \\"spec.sails\\""');
  const table = await api.request('GET', BOATS, {
    headers: { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  });
  expect(table.body).toMatchObject({
    kind: 'Table',
    columnDefinitions: [{ name: 'Name' }, { name: 'Crew' }],
    rows: [{ cells: ['ann', 1] }],
  });

  const held = { metadata: { name: 'ben', finalizers: ['sea.example.com/anchor'] } };
  await api.request('POST', BOATS, { body: held });
  expect((await api.request('DELETE', `${CRDS}/boats.sea.example.com`)).body).toHaveProperty(
    'metadata.deletionTimestamp',
  );
  await api.settled();
  expect(await condition('Terminating')).toBe('True');
  expect((await api.request('GET', `${BOATS}/ann`)).code).toBe(404);
  expect((await api.request('GET', `${BOATS}/ben`)).code).toBe(200);

  const free = { metadata: { finalizers: null } };
  await api.request('PATCH', `${BOATS}/ben`, {
    body: free,
    headers: { 'Content-Type': 'application/merge-patch+json' },
  });
  await api.settled();
  expect((await api.request('GET', `${CRDS}/boats.sea.example.com`)).code).toBe(404);
  expect((await api.request('GET', BOATS)).body).toMatchObject({
    code: 404,
    message: 'the server could not find the requested resource',
  });
});

test('names that are taken are not accepted', async () => {
  const spec = {
    ...(crd['spec'] as JsonObject),
    group: 'serving.knative.dev',
    names: { plural: 'ferries', kind: 'Service' },
  };
  await api.request('POST', CRDS, { body: { metadata: { name: 'ferries.serving.knative.dev' }, spec } });
  await api.settled();
  const { body } = await api.request('GET', `${CRDS}/ferries.serving.knative.dev`);
  expect(body['status']).toMatchObject({
    conditions: [
      { type: 'NamesAccepted', status: 'False', reason: 'KindConflict', message: '"Service" is already in use' },
      { type: 'Established', status: 'False' },
    ],
  });
});

test("the platform's own kinds have definitions, with their duck types", async () => {
  const { body } = await api.request('GET', `${CRDS}?labelSelector=duck.knative.dev%2Fpodspecable%3Dtrue`);
  const names = (body['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
  expect(names).toEqual(['configurations.serving.knative.dev', 'services.serving.knative.dev']);
});
