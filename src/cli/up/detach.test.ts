import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { World } from '../ports.fixture.ts';

let world: World;
beforeEach(() => void (world = new World()));
afterEach(() => world.discard());

test('it waits until the platform it started is ready, and tells the same as in the foreground', async () => {
  writeFileSync(join(world.folder, 'platform.out'), 'ebb: no sandbox here\nEbb is ready\n');
  world.running({ example: 'http://hello.default.localhost:8080' });
  world.holders = [undefined, undefined, 99];
  expect(await world.run('up --detach')).toBe(0);
  expect(world.asked).toEqual(['detach']);
  expect(world.started).toBeUndefined();
  expect(world.out).toMatch(/^Ebb is ready \(0\.1 s\)\.\n\n {2}example {5}http:\/\/hello[^]*kubeconfig/);
  expect(world.out).toContain(`'ebb down' stops it, 'ebb status' tells how it is; it logs to ${world.folder}/logs.`);
  expect(world.err).toBe('ebb: no sandbox here\n');
});

test('where the example is https, it names the CA', async () => {
  writeFileSync(join(world.folder, 'platform.out'), '');
  world.running({ example: 'https://hello.default.localhost:8443' });
  world.holders = [undefined, undefined, 99];
  await world.run('up --detach');
  expect(world.out).toContain(
    `curl --cacert ${world.folder}/keys/serving-ca.crt https://hello.default.localhost:8443\n`,
  );
});

test('one that runs already is left alone', async () => {
  world.holders = [7];
  expect(await world.run('up -d')).toBe(1);
  expect(world.err).toContain("already (process 7). 'ebb status' tells more, 'ebb down' stops it.");
  expect(world.asked).toEqual([]);
});

test('where it ends before it is ready, its last words are told', async () => {
  world.detachedEnds = true;
  writeFileSync(join(world.folder, 'platform.out'), 'ebb: port 6443 for the API is taken by nginx\n');
  expect(await world.run('up -d')).toBe(1);
  expect(world.err).toBe(
    'ebb: The platform ended before it was ready:\nebb: port 6443 for the API is taken by nginx\n',
  );
});

test('where it takes too long, it goes on and that is told', async () => {
  expect(await world.run('up -d')).toBe(1);
  expect(world.err).toMatch(/process 99\) is not ready after 180 s. It goes on; .*platform.out/);
});

test('Ctrl-C stops what was begun', async () => {
  world.interrupted.abort(new Error('interrupted'));
  expect(await world.run('up -d')).toBe(130);
  expect(world.asked).toEqual(['detach', 'end 99']);
});
