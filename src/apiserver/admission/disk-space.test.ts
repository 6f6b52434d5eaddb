import { expect, test } from 'vitest';
import { ConfigMap } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import type { AdmissionRequest } from '#objects/mod.ts';
import { diskSpaceAdmission } from './disk-space.ts';

const object = (value: string, metadata: object = {}) =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', ...metadata }, data: { value } }) as KubeObject;

const request: AdmissionRequest = {
  operation: 'CREATE',
  kind: ConfigMap,
  namespace: 'default',
  name: 'a',
  object: object('x'),
  user: { name: 'ann', groups: [] },
  dryRun: false,
  now: 0,
  warn() {},
};

const full = diskSpaceAdmission(() => 'the disk is nearly full');
const refused = expect.objectContaining({
  code: 507,
  reason: 'InsufficientStorage',
  message: 'the disk is nearly full',
}) as Error;

test.each<[string, Partial<AdmissionRequest>, boolean]>([
  ['a creation', {}, true],
  ['a change that makes it larger', { operation: 'UPDATE', before: object(''), object: object('xx') }, true],
  ['a change that makes it no larger', { operation: 'UPDATE', before: object('xx'), object: object('yy') }, false],
  [
    'a change of what is being deleted',
    { operation: 'UPDATE', before: object('', { deletionTimestamp: '2030-01-01T00:00:00Z' }), object: object('xxx') },
    false,
  ],
  ['a deletion', { operation: 'DELETE' }, false],
  ['a status', { operation: 'UPDATE', before: object(''), subresource: 'status' }, false],
  ["the platform's own", { user: { name: 'system:ebb:controllers', groups: [] } }, false],
  ["a function's", { user: { name: 'system:serviceaccount:default:default', groups: [] } }, true],
])('%s', async (_, change, isRefused) => {
  const { object: made, ...rest } = { ...request, ...change };
  const asked = rest.operation === 'DELETE' ? rest : { ...rest, ...(made ? { object: made } : {}) };
  const attempt = async () => full.validate?.(asked);
  if (isRefused) await expect(attempt()).rejects.toEqual(refused);
  else await expect(attempt()).resolves.toBeUndefined();
});

test('where there is room everything goes', async () => {
  await expect((async () => diskSpaceAdmission(() => undefined).validate?.(request))()).resolves.toBeUndefined();
});
