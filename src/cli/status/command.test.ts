import { afterEach, beforeEach, expect, test } from 'vitest';
import { ENDPOINTS, World } from '../ports.fixture.ts';

let world: World;
beforeEach(() => void (world = new World()));
afterEach(() => world.discard());

const status = {
  dataDir: '/data',
  version: '1.2.3',
  node: '26.10.0',
  since: '2029-12-31T20:59:30.000Z',
  launcher: 'sandbox',
  endpoints: ENDPOINTS,
  disk: { free: 3 * 2 ** 30, floor: 2 ** 28, used: 2 ** 30, budget: 2 ** 32 },
  processes: [
    { name: 'control', pid: 7, memoryBytes: 150 * 2 ** 20 },
    { name: 'gateway', pid: 8 },
  ],
};

test('who runs, since when, and with what', async () => {
  world.holders = [7];
  world.status = status;
  expect(await world.run('status')).toBe(0);
  expect(world.out).toBe(`running    for 3h 0m, since 2029-12-31T20:59:30.000Z
version    1.2.3 on Node 26.10.0
data       /data
launcher   sandbox
control    process 7, 150.0 MiB
gateway    process 8
disk       3.0 GiB free, writes are refused below 256.0 MiB, 1.0 GiB of 4.0 GiB taken
gateway    http://127.0.0.1:8080, https://127.0.0.1:8443
console    http://127.0.0.1:9090
registry   http://127.0.0.1:5050
API        https://127.0.0.1:6443
`);
  await world.run('status -o json');
  expect(JSON.parse(world.out)).toEqual(status);
});

test('where none runs, the exit code is 3', async () => {
  expect(await world.run('status')).toBe(3);
  expect(world.err).toContain("Start one with 'ebb up'");
});

test('where it does not answer yet, the exit code is 1', async () => {
  world.holders = [7];
  expect(await world.run('status')).toBe(1);
  expect(world.err).toContain('(process 7) is just starting or stopping');
});

test('one that stops says so, and what for', async () => {
  world.holders = [7];
  world.stopping = { pods: ['default/web-1'], until: new Date(2030, 0, 1, 0, 0, 10).getTime() };
  expect(await world.run('status')).toBe(1);
  expect(world.err).toMatch(
    /\(process 7\) stops: waiting for Pod default\/web-1 to end; what still runs at 00:00:10 is/,
  );
});
