import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigMap, Service } from '#kinds/mod.ts';
import { objectOf, World } from '../ports.fixture.ts';

let world: World;
beforeEach(() => void (world = new World()));
afterEach(() => world.discard());

/** Runs until it has announced itself, then Ctrl-C. */
async function up(line: string): Promise<number> {
  const ended = world.run(line);
  await expect.poll(() => world.asked).toContainEqual(expect.stringContaining('announce'));
  world.interrupted.abort(new Error('interrupted'));
  return ended;
}

test('flags reach the platform; it is announced, told, and stopped by Ctrl-C', async () => {
  expect(
    await up(
      'up --no-example --port-gateway 0 --host 127.0.0.2 --launcher process --egress 443,5432 --log-format json',
    ),
  ).toBe(0);
  expect(world.started).toEqual({
    dataDir: world.folder,
    host: '127.0.0.2',
    plainHttp: false,
    ports: { api: 6443, gateway: 0, gatewayTls: 8443, console: 9090, registry: 5050 },
    nextFreePort: false,
    launcher: 'process',
    egress: [443, 5432],
    logFormat: 'json',
    gatewayEngine: 'own',
    encryptionKeyFile: undefined,
    disk: { floor: 2 ** 28, budget: undefined },
  });
  expect(world.asked).toEqual(['announce nothing', 'stop']);
  expect(world.out).toMatch(/Ebb is ready \(0.0 s\)[^]*gateway +http:\/\/127.0.0.1:8080[^]*export KUBECONFIG=/);
  expect(world.err).toBe('ebb: a notice\nebb: draining and stopping\n');
});

test('the example is deployed, and its URL announced', async () => {
  world.client.react = (written) => [
    {
      ...written,
      status: {
        observedGeneration: 1,
        url: 'http://hello.default.localhost:8080',
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    } as typeof written,
  ];
  expect(await up('up')).toBe(0);
  expect(world.images.map(({ name }) => name)).toEqual(['dev.local/default/hello:latest']);
  expect(world.asked[0]).toBe('announce http://hello.default.localhost:8080');
  expect(world.out).toContain('curl http://hello.default.localhost:8080');
});

test.each([
  ['https by the local CA', 'https://hello.example', {}, (folder: string) => `--cacert ${folder}/keys/serving-ca.crt `],
  ['https by ACME', 'https://hello.example', { issuer: 'acme' }, () => ''],
  ['http', 'http://hello.example', {}, () => ''],
])('with %s the command that is told works as it stands', async (_, url, data, flag) => {
  const settings = objectOf(ConfigMap, 'config-ebb-certificate', { namespace: 'knative-serving' });
  world.client.objects.push({ ...settings, data } as typeof settings);
  const ready = { observedGeneration: 1, url, conditions: [{ type: 'Ready', status: 'True' }] };
  world.client.react = (written) => [{ ...written, status: ready } as typeof written];
  expect(await up('up')).toBe(0);
  expect(world.out).toContain(`Try:  curl ${flag(world.folder)}${url}\n`);
});

test('an example that cannot run does not keep the platform from running', async () => {
  world.client.react = (written) => [
    {
      ...written,
      status: {
        observedGeneration: 1,
        conditions: [{ type: 'Ready', status: 'False', reason: 'Broken', message: 'no' }],
      },
    } as typeof written,
  ];
  expect(await up('up')).toBe(0);
  expect(world.err).toMatch(/the example function could not be deployed: .*Broken/);
  expect(world.asked[0]).toBe('announce nothing');
});

test.each([
  ['up --egress none', 'none'],
  ['up', 'usual'],
])('%s: ports to the outside are %s', async (line, wanted) => {
  await up(`${line} --no-example`);
  expect(world.started?.egress).toBe(wanted);
});

test('ports to the outside that are none are refused', async () => {
  expect(await world.run('up --egress 443,http')).toBe(2);
  expect(world.err).toMatch(/--egress must be usual, none, or ports such as 443,5432, but is "443,http"/);
});

describe('an example that is there already', () => {
  const ready = { url: 'http://mine', conditions: [{ type: 'Ready', status: 'True' }], observedGeneration: 1 };
  const there = (annotations: Record<string, string>, generation: number) => {
    const hello = objectOf(Service, 'hello', { spec: { template: { spec: {} } }, status: ready });
    world.client.objects.push({ ...hello, metadata: { ...hello.metadata, annotations, generation } });
    world.client.react = (written) => [{ ...written, status: ready } as typeof written];
  };

  test.each([
    ['is of another', {}, 1],
    ['was changed', { 'ebb.dev/example': '1' }, 2],
  ])('and %s stays as it is', async (_, annotations, generation) => {
    there(annotations, generation);
    await up('up');
    expect(world.client.writes).toEqual([]);
    expect(world.asked[0]).toBe('announce http://mine');
  });

  test('and is as the platform made it is brought up to date', async () => {
    there({ 'ebb.dev/example': '3' }, 3);
    await up('up');
    expect(world.client.writes).toMatchObject([
      { verb: 'update', object: { metadata: { annotations: { 'ebb.dev/example': '4' } } } },
    ]);
  });
});
