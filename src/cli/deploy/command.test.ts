import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pod, Service, SERVICE_LABEL } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { objectOf } from '../ports.fixture.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { World } from '../ports.fixture.ts';

let world: World;
beforeEach(() => void (world = new World()));
afterEach(() => world.discard());

const withStatus = (written: KubeObject, status: object): KubeObject =>
  ({ ...written, status: { observedGeneration: 1, ...status } }) as KubeObject;

const READY = {
  url: 'http://hello.default.localhost',
  latestReadyRevisionName: 'hello-00001',
  conditions: [{ type: 'Ready', status: 'True' }],
};

function folder(files: Record<string, string>): string {
  const path = join(world.folder, 'Hello There');
  mkdirSync(path);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

test('a folder becomes an image by digest and a Service; the URL is told when it is ready', async () => {
  world.client.react = (written) => [
    withStatus(written, { conditions: [{ type: 'Ready', status: 'Unknown', reason: 'Deploying' }] }),
    withStatus(written, READY),
  ];
  expect(
    await world.run(['deploy', folder({ 'index.js': '' }), '--name', 'hello', '-e', 'A=b=c', '--scale', '1..5']),
  ).toBe(0);
  expect(world.out).toBe(
    'Service hello is created and ready (revision hello-00001):\nhttp://hello.default.localhost\n',
  );
  expect(world.err).toBe('packing a Node.js function (index.js)\nwaiting: Deploying\n');
  expect(world.images[0]).toMatchObject({
    name: 'dev.local/default/hello:latest',
    start: { workingDir: '/workspace' },
    namespace: 'default',
  });
  expect(world.client.writes[0]?.object).toMatchObject({
    metadata: { name: 'hello', namespace: 'default' },
    spec: {
      template: {
        metadata: {
          annotations: { 'autoscaling.knative.dev/min-scale': '1', 'autoscaling.knative.dev/max-scale': '5' },
        },
        spec: {
          containers: [
            { image: `dev.local/default/hello@${world.images[0]?.digest}`, env: [{ name: 'A', value: 'b=c' }] },
          ],
        },
      },
    },
  });
});

test("the name comes from the folder's, or the image's", async () => {
  world.client.react = (written) => [withStatus(written, READY)];
  await world.run(['deploy', folder({ 'index.js': '' })]);
  await world.run('deploy registry.example/team/the-app:v2 -o json');
  expect(world.client.writes.map(({ object }) => object.metadata.name)).toEqual(['hello-there', 'the-app']);
  expect(JSON.parse(world.out)).toMatchObject({ name: 'the-app', image: 'registry.example/team/the-app:v2' });
});

const template = (container: object, annotations: object = {}, rest: object = {}) => ({
  metadata: { name: 'app-mine', labels: { team: 'a' }, annotations },
  spec: { timeoutSeconds: 9, ...rest, containers: [{ image: 'ko.local/side' }, container] },
});

const ENV = [
  { name: 'KEEP', value: '1' },
  { name: 'OLD', value: '2' },
  { name: 'GONE', value: '3' },
];
const MOUNT = { volumeMounts: [{ name: 'v', mountPath: '/v' }] };

test('of one that is there only what is named changes', async () => {
  const traffic = [{ revisionName: 'app-00001', percent: 100 }];
  const serving = {
    name: 'own',
    image: 'ko.local/old',
    env: ENV,
    ports: [{ name: 'h2c', containerPort: 1 }],
    ...MOUNT,
  };
  const annotations = { 'autoscaling.knative.dev/max-scale': '5', mine: 'x' };
  const before = template(serving, annotations, { containerConcurrency: 1 });
  world.client.objects.push(objectOf(Service, 'app', { spec: { template: before, traffic } }));
  world.client.react = (written) => [withStatus(written, READY)];
  const flags = '--concurrency 3 --port 9000 --scale 1.. -e OLD=new -e ADDED=4 -e GONE-';
  expect(await world.run(`deploy ko.local/app ${flags}`)).toBe(0);
  const [{ verb, object } = { verb: '', object: {} }] = world.client.writes;
  expect(verb).toBe('update');
  const env = [
    { name: 'KEEP', value: '1' },
    { name: 'OLD', value: 'new' },
    { name: 'ADDED', value: '4' },
  ];
  expect((object as Service).spec).toEqual({
    traffic,
    template: {
      metadata: { labels: { team: 'a' }, annotations: { ...annotations, 'autoscaling.knative.dev/min-scale': '1' } },
      spec: {
        timeoutSeconds: 9,
        containerConcurrency: 3,
        containers: [
          { image: 'ko.local/side' },
          { name: 'own', image: 'ko.local/app', env, ports: [{ name: 'h2c', containerPort: 9000 }], ...MOUNT },
        ],
      },
    },
  });
});

test('a deployment that names nothing but the image changes nothing else', async () => {
  const { metadata, spec } = template(
    { image: 'ko.local/old', env: ENV, ports: [{ containerPort: 1 }] },
    { mine: 'x' },
  );
  world.client.objects.push(objectOf(Service, 'app', { spec: { template: { metadata, spec } } }));
  world.client.react = (written) => [withStatus(written, READY)];
  expect(await world.run('deploy ko.local/app')).toBe(0);
  expect(world.client.writes[0]?.object).toHaveProperty('spec', {
    template: {
      metadata: { labels: { team: 'a' }, annotations: { mine: 'x' } },
      spec: template({ image: 'ko.local/app', env: ENV, ports: [{ containerPort: 1 }] }).spec,
    },
  });
});

test('what is as it should be already is ready at once', async () => {
  const there = objectOf(Service, 'app', { spec: { template: { spec: {} } } });
  world.client.objects.push(withStatus(there, READY));
  expect(await world.run('deploy ko.local/app')).toBe(0);
  expect(world.out).toContain('is unchanged and ready (revision hello-00001)');
});

test('what cannot become ready ends with code 1, the cause, and the next steps', async () => {
  const conditions = [
    {
      type: 'ConfigurationsReady',
      status: 'False',
      reason: 'RevisionFailed',
      message: 'Container failed with: no database',
    },
    { type: 'Ready', status: 'False', reason: 'RevisionMissing', message: 'no ready Revision' },
  ];
  world.client.react = (written) => [withStatus(written, { conditions, latestReadyRevisionName: 'app-00001' })];
  expect(await world.run('deploy ko.local/app')).toBe(1);
  expect(world.err).toBe(
    'ebb: Service app cannot become ready (RevisionFailed): Container failed with: no database\n' +
      'Revision app-00001 goes on to serve.\n' +
      "'ebb why app' tells more, 'ebb logs app' shows what it printed.\n",
  );
});

test.each([
  {
    what: 'nothing serves',
    serving: undefined,
    advice:
      'Change the source, or a variable with --env, or delete the Service and deploy again: kubectl delete ksvc app -n default.\n',
  },
  { what: 'an older Revision serves', serving: 'app-00001', advice: 'Change the source, or a variable with --env.\n' },
])('what has failed before is not tried again by the same deployment; where $what, it says what helps', async (row) => {
  const cause = { status: 'False', reason: 'RevisionFailed', message: 'Initial scale was never achieved' };
  const conditions = ['ConfigurationsReady', 'Ready'].map((type) => ({ type, ...cause }));
  const there = objectOf(Service, 'app', { spec: { template: { spec: {} } } });
  world.client.objects.push(withStatus(there, { conditions, latestReadyRevisionName: row.serving }));
  expect(await world.run('deploy ko.local/app')).toBe(1);
  expect(world.err).toContain(
    `Nothing differs from the last deployment, so nothing is tried again. ${row.advice}'ebb why app'`,
  );
});

test('what does not answer in time is told by its instances', async () => {
  const container = { name: 'user-container', ready: false, restartCount: 0, state: { running: {} } };
  const labels = { [SERVICE_LABEL]: 'app' };
  world.client.objects.push(objectOf(Pod, 'app-1', { labels, status: { containerStatuses: [container] } }));
  expect(await world.run('deploy ko.local/app --timeout 0')).toBe(1);
  expect(world.err).toMatch(
    /not ready after 0 s: its program runs but does not answer. It must listen on the port in \$PORT/,
  );
});

test('Ctrl-C says what stays', async () => {
  world.interrupted.abort(new Error('interrupted'));
  expect(await world.run('deploy ko.local/app')).toBe(130);
  expect(world.err).toContain('the Service stays as it was written');
});

test.each([
  ['no folder', () => './nowhere', /nowhere is not a folder. Give a folder that holds the function, or an image name/],
  ['nothing to run', () => folder({ 'notes.txt': '' }), /Cannot tell how to run .*Expected one of: a Procfile/],
])('%s is refused', async (_, source, message) => {
  expect(await world.run(['deploy', source()])).toBe(1);
  expect(world.err).toMatch(message);
  expect(world.client.writes).toEqual([]);
});

test('where the traffic is pinned elsewhere, that and the next step are told', async () => {
  const traffic = [{ revisionName: 'app-00001', percent: 100 }];
  const there = objectOf(Service, 'app', { spec: { template: { spec: {} }, traffic } });
  world.client.objects.push({ ...there, metadata: { ...there.metadata, generation: 0 } });
  world.client.react = (written) => [withStatus(written, { ...READY, traffic })];
  expect(await world.run('deploy ko.local/app')).toBe(0);
  expect(world.out).toMatch(
    /is updated and revision hello-00001 is ready, but no traffic leads to it: that is pinned to app-00001\.[^]*kubectl patch ksvc app -n default/,
  );
});

test('a folder that is not here is said to be taken as an image', async () => {
  world.client.react = (written) => [withStatus(written, READY)];
  await world.run('deploy greeet');
  expect(world.err).toBe('ebb: there is no folder greeet here, so it is taken as the name of an image\n');
  await world.run('deploy ko.local/greeet');
  expect(world.err).toBe('');
});

test.each([
  ['a namespace that is not there', ['-n', 'nons'], 3, /There is no namespace nons. Make it first: kubectl create/],
  ['a name that cannot be', ['--name', 'UPPER'], 2, /"UPPER" cannot be a Service's name: a DNS-1035 label must/],
])('%s is told before anything is packed', async (_, flags, code, message) => {
  expect(await world.run(['deploy', folder({ 'index.js': '' }), ...flags])).toBe(code);
  expect(world.err).toMatch(message);
  expect(world.images).toEqual([]);
});
