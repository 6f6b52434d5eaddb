import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KubeObject } from '#machinery/mod.ts';
import { Broker, Configuration, EventTransform, Pod, Revision, Route, Service, SERVICE_LABEL } from '#kinds/mod.ts';
import { objectOf, World } from '../ports.fixture.ts';

let world: World;
/** Tells what the gateway refused. */
let teller: Server;
beforeEach(async () => {
  world = new World();
  const refusals = [
    { target: 'default/hello-00001', reason: 'queue full', count: 3, lastAt: Date.UTC(2029, 11, 31, 23, 59, 50) },
    { target: 'default/other-00001', reason: 'queue full', count: 9, lastAt: 0 },
  ];
  teller = createServer((_, response) => response.end(JSON.stringify(refusals)));
  await new Promise<void>((resolve) => teller.listen(0, '127.0.0.1', resolve));
  world.running({ console: `http://127.0.0.1:${(teller.address() as AddressInfo).port}` });
});
afterEach(() => {
  teller.close();
  world.discard();
});

const STACK = `Error: no database\n    at load (/data/images/roots/${'a'.repeat(64)}/workspace/index.js:1:7)`;

const failed = (type: string, reason: string, message: string) => ({ type, status: 'False', reason, message });

function podOf(service: string, spec: object, container: object): Pod {
  const labels = { [SERVICE_LABEL]: service, 'serving.knative.dev/revisionUID': `uid-${service}-00001` };
  const containerStatuses = [{ name: 'user-container', ready: false, restartCount: 0, ...container }];
  const pod = objectOf(Pod, `${service}-pod`, { labels, spec, status: { containerStatuses } });
  return { ...pod, metadata: { ...pod.metadata, ownerReferences: [] } } as KubeObject as Pod;
}

test('a container that fails is told from the Service down to the Pod, its words once', async () => {
  const words = `Revision "hello-00001" failed with message: Container failed with: ${STACK}`;
  const conditions = [
    failed('ConfigurationsReady', 'RevisionFailed', words),
    failed('Ready', 'RevisionMissing', 'no ready Revision'),
  ];
  const healthy = failed('ContainerHealthy', 'ExitCode1', `Container failed with: ${STACK}`);
  const state = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } };
  const lastState = { terminated: { exitCode: 1, message: STACK } };
  const known = { observedGeneration: 1 };
  world.client.objects.push(
    objectOf(Service, 'hello', { status: { ...known, conditions } }),
    objectOf(Configuration, 'hello', { status: { ...known, conditions: [failed('Ready', 'RevisionFailed', words)] } }),
    objectOf(Route, 'hello', { status: known }),
    objectOf(Revision, 'hello-00001', {
      labels: { [SERVICE_LABEL]: 'hello' },
      status: { ...known, conditions: [healthy] },
    }),
    podOf('hello', { containers: [] }, { restartCount: 2, state, lastState }),
  );
  expect(await world.run('why hello')).toBe(0);
  expect(world.out).toMatch(
    /^hello is not ready: RevisionFailed: .*Error: no database\n +at load \(\/workspace\/index.js:1:7\)/,
  );
  expect(world.out.split('no database')).toHaveLength(2);
  expect(world.out).toMatch(
    /Pod hello-pod \(60s\): user-container waits: CrashLoopBackOff: .*ended with code 1: \(as above\)/,
  );
  expect(world.out).toContain('Refused 3 requests to default/hello-00001: queue full, last 10s ago.');
  expect(world.out).not.toContain('other-00001');
});

test('a program that runs and does not answer is told its port', async () => {
  const spec = { containers: [{ name: 'user-container', ports: [{ containerPort: 8080 }] }] };
  world.client.objects.push(
    objectOf(Service, 'slow'),
    objectOf(Revision, 'slow-00001', { labels: { [SERVICE_LABEL]: 'slow' } }),
    podOf('slow', spec, { state: { running: {} } }),
  );
  await world.run('why slow');
  expect(world.out).toContain('it has not answered on its port ($PORT, 8080 in the image) so far');
});

test.each([
  [
    'another port',
    { httpGet: { port: 8081 } },
    'it has not answered on port 8081, which its readiness probe asks so far',
  ],
  ['the same port', { tcpSocket: { port: 8080 } }, 'it has not answered on its port ($PORT, 8080 in the image) so far'],
  ['a command', { exec: { command: ['true'] } }, 'the command of its readiness probe has not succeeded so far'],
])('a program whose readiness probe asks %s is told what is waited for', async (_, readinessProbe, words) => {
  const spec = { containers: [{ name: 'user-container', ports: [{ containerPort: 8080 }], readinessProbe }] };
  world.client.objects.push(
    objectOf(Service, 'slow'),
    objectOf(Revision, 'slow-00001', { labels: { [SERVICE_LABEL]: 'slow' } }),
    podOf('slow', spec, { state: { running: {} } }),
  );
  await world.run('why slow');
  expect(world.out).toContain(words);
});

test('of a Pod that was evicted that is told', async () => {
  const pod = podOf('full', { containers: [] }, { state: { terminated: { exitCode: 2, reason: 'Error' } } });
  const message = 'Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ';
  Object.assign(pod.status ?? {}, { phase: 'Failed', reason: 'Evicted', message });
  world.client.objects.push(
    objectOf(Service, 'full'),
    objectOf(Revision, 'full-00001', { labels: { [SERVICE_LABEL]: 'full' } }),
    pod,
  );
  await world.run('why full');
  expect(world.out).toContain(`Pod full-pod (60s): failed: Evicted: ${message.trim()}\n`);
});

test('a long reason that every object above repeats is said once', async () => {
  const reason =
    "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. Preemption is not helpful";
  const conditions = [failed('ConfigurationsReady', 'Unschedulable', `Revision failed: ${reason}..`)];
  const status = { observedGeneration: 1, conditions };
  const own = { observedGeneration: 1, conditions: [failed('ResourcesAvailable', 'Unschedulable', `${reason}.`)] };
  world.client.objects.push(
    objectOf(Service, 'aff', { status }),
    objectOf(Configuration, 'aff', { status }),
    objectOf(Revision, 'aff-00001', { labels: { [SERVICE_LABEL]: 'aff' }, status: own }),
  );
  await world.run('why aff');
  expect(world.out.split('node affinity/selector')).toHaveLength(2);
  expect(world.out).toContain('Revision aff-00001: ResourcesAvailable is False: Unschedulable: (as above).');
  expect(world.out).not.toContain('..');
});

test('json is for programs; a Service that is not there ends with code 3', async () => {
  const conditions = [{ type: 'Ready', status: 'True' }];
  world.client.objects.push(
    objectOf(Service, 'hello', { status: { observedGeneration: 1, conditions, url: 'http://x' } }),
  );
  expect(await world.run('why hello -o json')).toBe(0);
  const { service, lines } = JSON.parse(world.out) as { service: string; lines: string[] };
  expect([service, lines[0]]).toEqual(['hello', 'hello is ready at http://x.']);
  expect(await world.run('why absent')).toBe(3);
  expect(world.err).toMatch(
    /There is no Service absent in namespace default, nor anything else of Knative. 'ebb get' shows/,
  );
});

test('of another kind its conditions are told, by its name alone or with its kind', async () => {
  const conditions = [
    failed('Ready', 'BadExpression', 'expected a name'),
    failed('TransformationReady', 'BadExpression', 'expected a name'),
  ];
  world.client.objects.push(objectOf(EventTransform, 'broken', { status: { observedGeneration: 1, conditions } }));
  const ready = [{ type: 'Ready', status: 'True' }];
  world.client.objects.push(objectOf(Broker, 'shop', { status: { observedGeneration: 1, conditions: ready } }));
  for (const line of ['why broken', 'why eventtransform/broken']) {
    expect(await world.run(line)).toBe(0);
    expect(world.out).toBe(
      'EventTransform broken is not ready: BadExpression: expected a name.\nEventTransform broken: TransformationReady is False: BadExpression: expected a name.\n',
    );
  }
  expect(await world.run('why broker/shop')).toBe(0);
  expect(world.out).toBe('Broker shop is ready.\n');
});

test.each([
  ['why trigger/absent', 3, /There is no Trigger absent in namespace default. 'ebb get triggers' shows/],
  ['why ksvc/absent', 3, /There is no Service absent in namespace default. 'ebb get' shows/],
  ['why pod/one', 2, /of a Pod 'ebb why' tells nothing; it knows .*Broker.*Trigger/],
  ['why trigger/', 2, /expected NAME or KIND\/NAME/],
  ['why boat/such', 2, /"boat" is no kind/],
])('%s', async (line, code, words) => {
  expect(await world.run(line)).toBe(code);
  expect(world.err).toMatch(words);
});

test.each(['ErrImagePull', 'ImagePullBackOff'])(
  'a Service that was ready and whose image is gone is not called ready: %s',
  async (reason) => {
    const conditions = [{ type: 'Ready', status: 'True' }];
    const status = { observedGeneration: 1, conditions, url: 'http://x' };
    world.client.objects.push(
      objectOf(Service, 'hello', { status }),
      podOf('hello', { containers: [] }, { state: { waiting: { reason, message: 'no such image' } } }),
    );
    await world.run('why hello');
    expect(world.out).toMatch(/^hello was ready and cannot start now: the image of Pod hello-pod is missing\.\n/);
  },
);
