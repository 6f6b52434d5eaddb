import { expect, test } from 'vitest';
import type { Pod } from '#kinds/mod.ts';
import { placeRequest } from './place-request.ts';

const pod = (spec: Partial<Pod['spec']>): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns', uid: 'u' },
  spec: { containers: [{ name: 'c', ports: [{ containerPort: 8080 }] }], ...spec },
});

test('a place has what the Pod says of its names and ports', () => {
  const hostAliases = [{ ip: '1.2.3.4', hostnames: ['a'] }];
  expect(placeRequest(pod({ hostAliases, hostNetwork: false }))).toMatchObject({
    podUid: 'u',
    namespace: 'ns',
    hostname: 'p',
    containerPorts: [8080],
    hostAliases,
  });
});

test.each(['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace'] as const)('%s is refused', (field) => {
  expect(() => placeRequest(pod({ [field]: true }))).toThrow(`the Pod asks for ${field}, but`);
});
