import { Pod, Service, SERVICE_LABEL } from '#kinds/mod.ts';
import { objectOf } from '../ports.fixture.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { World } from '../ports.fixture.ts';

let world: World;
beforeEach(() => void (world = new World()));
afterEach(() => world.discard());

function made(name: string, service: string, restartCount = 0): Pod {
  const spec = { containers: [{ name: 'user-container' }] };
  const status = { containerStatuses: [{ name: 'user-container', state: { running: {} }, restartCount }] };
  return objectOf(Pod, name, { labels: { [SERVICE_LABEL]: service }, spec, status }) as Pod;
}

function pod(name: string, service: string, restartCount = 0): void {
  world.client.objects.push(made(name, service, restartCount));
}

beforeEach(() => {
  world.logs = {
    'hello-1': 'one\ntwo\nthree\n',
    'hello-1 before': 'it broke\n',
    'hello-2': 'unfinished',
    'hello-0 gone': 'last\n',
  };
});

test.each([
  ['logs hello', 'one\ntwo\nthree\n'],
  ['logs hello-1 --tail 2', 'two\nthree\n'],
  ['logs hello --previous', 'it broke\n'],
])('%s', async (line, printed) => {
  pod('hello-1', 'hello', 1);
  pod('other-1', 'other');
  expect([await world.run(line), world.out]).toEqual([0, printed]);
});

test('of several instances each line tells whose it is', async () => {
  pod('hello-1', 'hello');
  pod('hello-2', 'hello');
  await world.run('logs hello --tail 1');
  expect(world.out).toBe('[hello-1] three\n[hello-2] unfinished\n');
});

test('of a service at zero it prints what was written before, and says so', async () => {
  world.ended = [made('hello-0', 'hello'), made('other-0', 'other')];
  expect([await world.run('logs hello'), world.out, world.err]).toEqual([
    0,
    'last\n',
    'No instance of hello runs now; this is what the one before wrote.\n',
  ]);
});

test('--previous is of instances that are gone and of runs that have ended, and of nothing else', async () => {
  world.ended = [made('hello-0', 'hello')];
  pod('hello-1', 'hello', 1);
  pod('hello-2', 'hello');
  await world.run('logs hello --previous');
  expect(world.out).toBe('[hello-0] last\n[hello-1] it broke\n');
  world.ended = [];
  expect(await world.run('logs hello-2 --previous')).toBe(3);
  expect(world.err).toMatch(/No instance of hello-2 in namespace default has a run before its present one/);
});

test('without an instance it ends with code 3 and says how to wait for one', async () => {
  world.client.objects.push(objectOf(Service, 'hello'));
  expect(await world.run('logs hello')).toBe(3);
  expect(world.err).toMatch(/'ebb logs -f hello' waits for one/);
});

test('a Service that is not there is told as that', async () => {
  expect(await world.run('logs nosuch')).toBe(3);
  expect(world.err).toBe(
    "ebb: There is no Service or Revision nosuch in namespace default. 'ebb get' shows which there are.\n",
  );
  world.interrupted.abort(new Error('interrupted'));
  expect(await world.run('logs nosuch -f')).toBe(0);
  expect(world.err).toBe('ebb: there is no Service nosuch in namespace default; waiting for one\n');
});

test('-f goes on until Ctrl-C', async () => {
  pod('hello-1', 'hello');
  const ended = world.run('logs hello -f');
  await expect.poll(() => world.out).toContain('[hello-1] three');
  world.interrupted.abort(new Error('interrupted'));
  expect(await ended).toBe(0);
});
