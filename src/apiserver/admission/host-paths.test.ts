import { expect, test } from 'vitest';
import { Pod } from '#kinds/mod.ts';
import type { UserInfo } from '#machinery/mod.ts';
import { hostPathAdmission } from './host-paths.ts';

const ANN: UserInfo = { name: 'ann', groups: ['system:authenticated'] };
const ADMIN: UserInfo = { name: 'kubernetes-admin', groups: ['system:masters'] };
const PART: UserInfo = { name: 'system:ebb:controllers', groups: ['system:masters'] };
const ALLOWED = { 'ebb.dev/host-path': 'allowed' };
const ROOT = [
  { name: 'scratch', emptyDir: {} },
  { name: 'root', hostPath: { path: '/' } },
];

interface Case {
  readonly user?: UserInfo;
  readonly labels?: Record<string, string>;
  readonly volumes?: readonly object[];
  readonly operation?: 'CREATE' | 'UPDATE';
}

const attempt = async ({ user = ANN, labels = {}, volumes = ROOT, operation = 'CREATE' }: Case) => {
  const metadata = { name: 'shop', labels };
  const plugin = hostPathAdmission({ get: () => ({ apiVersion: 'v1', kind: 'Namespace', metadata }) });
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { containers: [], volumes } };
  await plugin.validate?.({
    operation,
    kind: Pod,
    namespace: 'shop',
    name: 'a',
    object: pod,
    user,
    dryRun: false,
    now: 0,
    warn() {},
  });
};

test.each<[string, Case]>([
  ['a user, in a namespace that may', { labels: ALLOWED }],
  ['a user, without such volumes', { volumes: [{ name: 'scratch', emptyDir: {} }] }],
  ['a user, of a Pod that is there', { operation: 'UPDATE' }],
  ['an administrator', { user: ADMIN }],
  ['a controller, in a namespace that may', { user: PART, labels: ALLOWED }],
])('%s: taken', async (_, given) => {
  await expect(attempt(given)).resolves.toBeUndefined();
});

test.each<[string, Case]>([
  ['a user', {}],
  ['a user, where the label says something else', { labels: { 'ebb.dev/host-path': 'true' } }],
  ['a controller, which acts for anybody', { user: PART }],
])('%s: refused, with what would allow it', async (_, given) => {
  await expect(attempt(given)).rejects.toMatchObject({
    code: 403,
    message:
      'pods "a" is forbidden: hostPath volumes ("root") give Pods folders of the machine, which namespace shop may not have; an administrator can allow it: kubectl label namespace shop ebb.dev/host-path=allowed',
  });
});
