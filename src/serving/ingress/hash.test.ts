import { expect, test } from 'vitest';
import type { KIngress } from '#kinds/mod.ts';
import { expand } from '../../../test/cases/shorthand.ts';
import { ingressHash } from './hash.ts';

const split = (serviceNamespace: string, serviceName: string, servicePort: number | string, percent: number) => ({
  serviceNamespace,
  serviceName,
  servicePort,
  percent,
});
const everything = {
  httpOption: 'Redirected',
  tls: [{ hosts: ['a.test'], secretName: 's', secretNamespace: 'other' }],
  rules: [
    {
      hosts: ['a.test', 'b.test'],
      visibility: 'ClusterLocal',
      http: {
        paths: [
          {
            path: '/x?<&>',
            rewriteHost: 'c.test',
            headers: { Z: { exact: '1' }, A: { exact: '<2>' } },
            appendHeaders: { B: 'b', A: 'a' },
            splits: [
              { ...split('other', 'a', 'http', 30), appendHeaders: { Y: 'y', X: 'x' } },
              split('other', 'b', 81, 70),
            ],
          },
        ],
      },
    },
  ],
};

// The hashes are those of knative.dev/networking's own ComputeHash.
test.each([
  [
    'plain',
    {
      rules: [
        {
          hosts: ['a.test'],
          visibility: 'ExternalIP',
          http: { paths: [{ splits: [split('default', 'a', 80, 100)] }] },
        },
      ],
    },
    'default',
    '234ed1da0bd0b329bdb834f11ffaf4eb50a7c584aa466f10299f086335966afe',
  ],
  ['all', everything, 'other', 'e410f0db64f9bcc8485dbf5bb5a9f3283a88e9ccef4e3ae12c9881a31ae53266'],
])('a KIngress is named as Knative names it: %s', (name, spec, namespace, hash) => {
  expect(ingressHash(expand({ KIngress: { name, namespace, spec } }).object as KIngress)).toBe(hash);
});
