import { parse } from 'yaml';
import { ConfigMap, Revision, Service } from '#kinds/mod.ts';
import { objectOf } from '../ports.fixture.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { World } from '../ports.fixture.ts';

let world: World;
beforeEach(() => void (world = new World()));
afterEach(() => world.discard());

beforeEach(() => {
  const status = { url: 'http://hello.default.localhost', conditions: [{ type: 'Ready', status: 'True' }] };
  world.client.objects.push(
    objectOf(Service, 'hello', { status, labels: { team: 'a' } }),
    objectOf(Service, 'other', { namespace: 'elsewhere' }),
    objectOf(Revision, 'hello-00001'),
  );
});

const names = () =>
  world.out
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(/ +/)[0]);

test('without a kind it shows Services in a table', async () => {
  expect(await world.run('get')).toBe(0);
  expect(world.out).toMatch(
    /^NAME +URL +LATESTCREATED +LATESTREADY +READY +REASON\nhello +http:\/\/hello.default.localhost +True/,
  );
});

test.each([
  ['get ksvc', ['hello']],
  ['get services -n elsewhere', ['other']],
  ['get functions -l team=a', ['hello']],
  ['get revisions', ['hello-00001']],
  ['get namespaces', ['default']],
  ['get ksvc -A', ['default', 'elsewhere']],
])('%s', async (line, expected) => {
  expect([await world.run(line), names()]).toEqual([0, expected]);
});

test('json and yaml are whole objects, name is for scripts', async () => {
  await world.run('get ksvc -o json');
  expect(JSON.parse(world.out)).toMatchObject({
    kind: 'List',
    items: [{ kind: 'Service', metadata: { name: 'hello' } }],
  });
  await world.run('get ksvc hello -o yaml');
  expect(parse(world.out)).toMatchObject({ metadata: { name: 'hello' } });
  await world.run('get ksvc -o name');
  expect(world.out).toBe('service.serving.knative.dev/hello\n');
});

test('one that is not there ends with code 3', async () => {
  expect(await world.run('get ksvc absent')).toBe(3);
  expect(world.err).toBe('ebb: There is no service "absent" in namespace default.\n');
});

test('none of a kind is no failure', async () => {
  expect([await world.run(`get ${ConfigMap.names.plural}`), world.out, world.err]).toEqual([
    0,
    '',
    'No configmaps found in namespace default.\n',
  ]);
});

test('of a namespace that is not there that is said', async () => {
  expect(await world.run('get pods -n nons')).toBe(3);
  expect(world.err).toBe('ebb: There is no namespace nons. Make it first: kubectl create namespace nons\n');
});
