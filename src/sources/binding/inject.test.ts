import { expect, test } from 'vitest';
import type { KubeObject } from '#machinery/mod.ts';
import { hasTemplate, inject, undo } from './inject.ts';

const address = { url: 'http://sink.default.svc.cluster.local' };

function deployment(pod: object): KubeObject {
  const spec = { template: { spec: pod } };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec } as KubeObject;
}

const plain = deployment({
  initContainers: [{ name: 'first', image: 'i' }],
  containers: [{ name: 'c', image: 'i', env: [{ name: 'OWN', value: '1' }] }],
});

test('every container is told, after what it has of its own', () => {
  const ceOverrides = { extensions: { a: 'b' } };
  const told = [
    { name: 'K_SINK', value: 'http://sink.default.svc.cluster.local' },
    { name: 'K_CE_OVERRIDES', value: '{"extensions":{"a":"b"}}' },
  ];
  expect(inject(plain, { address, ceOverrides })).toEqual(
    deployment({
      initContainers: [{ name: 'first', image: 'i', env: told }],
      containers: [{ name: 'c', image: 'i', env: [{ name: 'OWN', value: '1' }, ...told] }],
    }),
  );
});

test('without overrides their variable is empty', () => {
  expect(inject(deployment({ containers: [{ name: 'c' }] }), { address })).toEqual(
    deployment({
      containers: [
        {
          name: 'c',
          env: [
            { name: 'K_SINK', value: 'http://sink.default.svc.cluster.local' },
            { name: 'K_CE_OVERRIDES', value: '' },
          ],
        },
      ],
    }),
  );
});

test('what was said before is said anew, never twice', () => {
  const once = inject(plain, { address: { ...address, CACerts: 'PEM' }, tokenSecret: 's' });
  expect(inject(once, { address: { ...address, CACerts: 'PEM' }, tokenSecret: 's' })).toEqual(once);
  expect(inject(once, { address })).toEqual(inject(plain, { address }));
});

test('a token lies where programs look for it', () => {
  expect(inject(deployment({ containers: [{ name: 'c' }] }), { address, tokenSecret: 's' })).toMatchObject({
    spec: {
      template: {
        spec: {
          containers: [{ volumeMounts: [{ name: 'oidc-token', mountPath: '/oidc' }] }],
          volumes: [{ name: 'oidc-token', projected: { sources: [{ secret: { name: 's' } }] } }],
        },
      },
    },
  });
});

test('all of it can be undone', () => {
  expect(undo(inject(plain, { address: { ...address, CACerts: 'PEM' }, tokenSecret: 's' }))).toEqual(plain);
  expect(undo(plain)).toEqual(plain);
});

test.each([
  ['a template', plain, true],
  ['a Pod', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [] } } as KubeObject, false],
  ['nothing', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }, false],
])('%s', (_, object, expected) => {
  expect(hasTemplate(object)).toBe(expected);
  if (!expected) expect(inject(object, { address })).toBe(object);
});
