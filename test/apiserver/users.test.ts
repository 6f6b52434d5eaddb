// Users of the platform: made by the command line, let in by their token as far as their role goes, refused once they are removed.

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import { Namespace } from '#kinds/mod.ts';
import { localClient } from '#objects/mod.ts';
import { NOW, World } from '../../src/cli/ports.fixture.ts';
import type { TestApi } from '../contracts/api-server.ts';
import { startTestApi } from '../contracts/api-server.ts';

const RBAC = 'rbac.authorization.k8s.io';
const HOUR_MS = 3_600_000;
let api: TestApi;
let clock: VirtualClock;
let world: World;
let folder = '';
beforeAll(async () => {
  clock = new VirtualClock(NOW);
  api = await startTestApi({ clock });
  const root = localClient(api.registry, { name: 'root', groups: ['system:masters'] });
  await root.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' }, spec: {} });
});
afterAll(() => api.close());
beforeEach(() => {
  world = new World().running();
  world.realClient = localClient(api.registry, { name: 'root', groups: ['system:masters'] });
  folder = mkdtempSync(join(tmpdir(), 'ebb-users-'));
});
afterEach(() => {
  world.discard();
  rmSync(folder, { recursive: true, force: true });
});

const MAPS = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`;
const SERVICES = (namespace: string) => `/apis/serving.knative.dev/v1/namespaces/${namespace}/services`;

/** Adds a user and gives the token that their kubeconfig holds. */
async function add(words: string): Promise<string> {
  const file = join(folder, 'config');
  expect(await world.run(`user add ${words} --kubeconfig ${file}`)).toBe(0);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const token = readFileSync(file, 'utf8').trim().split(' ').at(-1) ?? '';
  rmSync(file);
  return token;
}

const status = async (token: string, method: string, path: string, body?: object) =>
  (await api.request(method, path, { token, ...(body ? { body: body as never } : {}) })).code;

describe('a user with a role in a namespace', () => {
  test('does there what the role allows, and nothing elsewhere', async () => {
    const token = await add('ann --namespace shop --role edit');
    expect(await status(token, 'GET', SERVICES('shop'))).toBe(200);
    expect(await status(token, 'POST', MAPS('shop'), { metadata: { name: 'a' } })).toBe(201);
    expect(await status(token, 'GET', MAPS('default'))).toBe(403);
    expect(await status(token, 'GET', '/api/v1/namespaces/ebb-system/secrets')).toBe(403);
    await world.run('user ls');
    expect(world.out).toMatch(/^NAME +ROLES +EXPIRES +AGE\nann +edit in shop +never +/);
    expect(await world.run('user rm ann')).toBe(0);
    expect(await status(token, 'GET', SERVICES('shop'))).toBe(401);
    await world.run('user ls');
    expect(world.err).toContain('There are no users but the owner');
  });

  test('may look everywhere but change nothing, with the role view and no namespace', async () => {
    const token = await add('ben --role view');
    expect(await status(token, 'GET', MAPS('default'))).toBe(200);
    expect(await status(token, 'POST', MAPS('default'), { metadata: { name: 'b' } })).toBe(403);
    expect(await status(token, 'GET', '/api/v1/namespaces/default/secrets')).toBe(403);
    await world.run('user rm ben');
  });

  test('is refused once the token has expired', async () => {
    const token = await add('cleo --role view --expires 2h');
    expect(await status(token, 'GET', MAPS('default'))).toBe(200);
    await world.run('user ls -o json');
    expect(JSON.parse(world.out)).toMatchObject([{ name: 'cleo', roles: ['view everywhere'] }]);
    await clock.advance(3 * HOUR_MS);
    expect(await status(token, 'GET', MAPS('default'))).toBe(401);
    await world.run('user rm cleo');
  });
});

test('a token is nowhere in the store, and a Secret elsewhere makes no user', async () => {
  const token = await add('dan --role admin');
  const secrets = api.store.list('secrets');
  expect(JSON.stringify(secrets)).not.toContain(token);
  const [own] = secrets.filter(({ metadata }) => metadata.name === 'user-dan');
  const { data } = own as unknown as { data: object };
  await world.run('user rm dan');
  const forged = { metadata: { name: 'user-dan', labels: { 'ebb.dev/user': 'dan' } }, type: 'ebb.dev/user', data };
  const made = await api.request('POST', '/api/v1/namespaces/shop/secrets', { body: forged as never });
  expect(made.code).toBe(201);
  expect(await status(token, 'GET', MAPS('default'))).toBe(401);
});

test.each([
  ['user add system:admin', 2, "a user's name has lower case letters"],
  ['user add eve --role owner', 2, '--role must be view, edit or admin'],
  ['user add eve --expires soon', 2, '--expires takes a duration such as 720h'],
  ['user add eve --namespace nowhere --kubeconfig -', 3, 'kubectl create namespace nowhere'],
  ['user add eve --kubeconfig /nowhere/eve', 1, '/nowhere/eve'],
  ['user rm nobody', 3, "'ebb user ls' shows which there are"],
])('%s is refused', async (line, code, message) => {
  expect(await world.run(line)).toBe(code);
  expect(world.err).toContain(message);
  await world.run('user ls');
  expect(world.out).not.toContain('eve');
});

test('where the API refuses the user no kubeconfig stays', async () => {
  const taken = { metadata: { name: 'ebb-user-eve' }, roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'view' } };
  const made = await api.request('POST', `/apis/${RBAC}/v1/clusterrolebindings`, { body: taken });
  expect(made.code).toBe(201);
  const file = join(folder, 'config');
  expect(await world.run(`user add eve --kubeconfig ${file}`)).not.toBe(0);
  expect(existsSync(file)).toBe(false);
});
