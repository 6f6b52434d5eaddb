import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { World } from '../ports.fixture.ts';

let world: World;
let teller: Server;
let asked = '';
let answer = { status: 200, body: '{"nodes":[]}' };
beforeEach(async () => {
  world = new World();
  answer = { status: 200, body: '{"nodes":[]}' };
  teller = createServer((request, response) => {
    asked = request.url ?? '';
    response.writeHead(answer.status).end(answer.body);
  });
  await new Promise<void>((resolve) => teller.listen(0, '127.0.0.1', resolve));
  world.running({ console: `http://127.0.0.1:${(teller.address() as AddressInfo).port}` });
});
afterEach(() => {
  teller.closeAllConnections();
  teller.close();
  world.discard();
});

test('it writes a new file that only its owner reads', async () => {
  const file = join(world.folder, 'x.cpuprofile');
  expect(await world.run(`profile ${file} --seconds 2 --process gateway`)).toBe(0);
  expect(asked).toBe('/debug/pprof/profile?process=gateway&seconds=2');
  expect(world.out).toBe(`Wrote ${file}.\n`);
  expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual([answer.body, 0o600]);
  expect(await world.run(`profile ${file} --heap`)).toBe(1);
  expect(asked).toBe('/debug/pprof/heap?process=control');
  expect(world.err).toContain(`${file} is there already`);
  expect(readFileSync(file, 'utf8')).toBe(answer.body);
});

test('where profiles are not allowed it says how to allow them', async () => {
  answer = { status: 404, body: 'Profiles are not taken: set runtime-profiling to enabled\n' };
  const file = join(world.folder, 'x');
  expect(await world.run(`profile ${file}`)).toBe(1);
  expect(world.err).toBe('ebb: Profiles are not taken: set runtime-profiling to enabled\n');
  expect(existsSync(file)).toBe(false);
});

test.each([['--seconds 0'], ['--seconds 301'], ['--seconds x'], ['--process node']])('%s is refused', async (flag) => {
  expect(await world.run(`profile ${flag}`)).toBe(2);
  expect(world.err).toContain(`${flag.split(' ')[0]} must be`);
});
