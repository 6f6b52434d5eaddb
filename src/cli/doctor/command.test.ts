import { afterEach, beforeEach, expect, test } from 'vitest';
import { World } from '../ports.fixture.ts';

let world: World;
beforeEach(() => void (world = new World()));
afterEach(() => world.discard());

test('a good machine passes', async () => {
  expect(await world.run('doctor')).toBe(0);
  expect(world.out).toMatch(/^ok {7}system {3,}linux 6.8 on x64\n/);
  expect(world.out).not.toContain('next:');
});

test('a lack is told with what it means and the next step, and only what fails fails', async () => {
  world.machine = { ...world.machine, sandboxProblem: 'making namespaces needs root' };
  expect(await world.run('doctor')).toBe(0);
  expect(world.out).toMatch(
    /limited {2}isolation {3,}making namespaces needs root\n +so: Pods run as plain.*\n +next: /,
  );
  world.machine = { ...world.machine, clock: { now: 0, notBefore: 1 } };
  expect(await world.run('doctor')).toBe(1);
  expect(world.err).toContain('will not start');
});

test('ports that are taken are told by their holder and flag', async () => {
  world.taken.set(8080, { by: 'nginx', pid: 7 });
  expect(await world.run('doctor')).toBe(1);
  expect(world.out).toMatch(/failed {3}port 8080 {3,}taken by nginx \(process 7\)\n.*\n +next: --port-gateway PORT/);
});

test('programs read it as JSON, with the exit code', async () => {
  world.machine = {
    ...world.machine,
    cgroups: { version: 'none', lack: { lost: 'memory', why: 'it is not there', next: 'mount it' } },
  };
  expect(await world.run('doctor -o json')).toBe(0);
  const { verdict, checks } = JSON.parse(world.out) as { verdict: string; checks: { check: string; state: string }[] };
  expect(verdict).toBe('limited');
  expect(checks.filter(({ state }) => state !== 'ok').map(({ check }) => check)).toEqual(['limits']);
  expect(checks.at(-1)?.check).toBe('port 5050');
});
