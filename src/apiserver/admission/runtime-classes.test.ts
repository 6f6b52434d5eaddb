import { expect, test } from 'vitest';
import { Pod } from '#kinds/mod.ts';
import { runtimeClassAdmission } from './runtime-classes.ts';

const attempt = async (runtimeClassName: string | undefined, operation: 'CREATE' | 'UPDATE') =>
  runtimeClassAdmission.validate?.({
    operation,
    kind: Pod,
    namespace: 'shop',
    name: 'a',
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a' },
      spec: { containers: [], ...(runtimeClassName === undefined ? {} : { runtimeClassName }) },
    } as Pod,
    user: { name: 'ann', groups: ['system:authenticated'] },
    dryRun: false,
    now: 0,
    warn() {},
  });

test.each([
  ['that asks for none', undefined, 'CREATE'],
  ['that asks for the usual one', '', 'CREATE'],
  ['that is there', 'kata', 'UPDATE'],
] as const)('a Pod %s is taken', async (_, name, operation) => {
  await expect(attempt(name, operation)).resolves.toBeUndefined();
});

test('a new Pod that asks for a runtime class is refused, for there is none', async () => {
  await expect(attempt('kata', 'CREATE')).rejects.toMatchObject({
    code: 403,
    message: 'pods "a" is forbidden: pod rejected: RuntimeClass "kata" not found',
  });
});
