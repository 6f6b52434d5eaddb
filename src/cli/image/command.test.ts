import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Revision, Service, SERVICE_LABEL } from '#kinds/mod.ts';
import { objectOf, World } from '../ports.fixture.ts';

let world: World;
beforeEach(() => void (world = new World()));
afterEach(() => world.discard());

/** What this machine's executables are built for, in ELF's numbers. */
const MACHINE = process.arch === 'arm64' ? 183 : 62;
const OTHER = process.arch === 'arm64' ? 62 : 183;

function elf(machine: number): Buffer {
  const header = Buffer.alloc(64);
  header.write('\u007fELF\u0002\u0001\u0001', 'latin1');
  header.writeUInt16LE(machine, 18);
  return header;
}

test.each([
  ['a text', 'README.md', '# Hello, this is a readme', /README.md is no executable: .* neither as ELF nor with #!/],
  ['an empty file', 'app', '', /app is no executable/],
  ['another machine', 'app', elf(OTHER), /app is built for (arm64|x64), and this machine is/],
])('add refuses %s', async (_, name, content, message) => {
  const path = join(world.folder, name);
  writeFileSync(path, content);
  expect(await world.run(`image add ko.local/app ${path}`)).toBe(2);
  expect(world.err).toMatch(message);
  expect(world.images).toEqual([]);
});

test.each(['ko.local/x:v1', 'x', 'localhost:5050/x:v1'])(
  'add refuses %s, which could not be deployed',
  async (name) => {
    expect(await world.run(['image', 'add', name, '--host'])).toBe(2);
    expect(world.err).toMatch(/at least two characters, and "x" has not/);
  },
);

test.each([
  ['a folder', 'folder', (at: string) => mkdirSync(at), 'app'],
  ['an OCI layout', 'layout', (at: string) => (mkdirSync(at), writeFileSync(join(at, 'oci-layout'), '{}')), 'layout'],
  ['an image tar', 'tar', (at: string) => writeFileSync(at, ''), 'image.tar'],
  ['a compressed tar', 'tar', (at: string) => writeFileSync(at, ''), 'image.tgz'],
  ['an executable', 'executable', (at: string) => writeFileSync(at, elf(MACHINE)), 'hello-linux'],
  ['a script', 'executable', (at: string) => writeFileSync(at, '#!/bin/sh'), 'hello.sh'],
])('add knows %s by its looks', async (_, kind, make, name) => {
  const path = join(world.folder, name);
  make(path);
  expect(await world.run(`image add ko.local/app:v1 ${path}`)).toBe(0);
  expect(world.images[0]).toMatchObject({ name: 'ko.local/app:v1', source: { [kind]: path } });
  expect(world.out).toMatch(/^ko.local\/app:v1\nsha256:0+1\n$/);
});

test('add --host takes the machine itself', async () => {
  expect(await world.run('image add ko.local/host --host')).toBe(0);
  expect(world.images[0]?.source).toEqual({ host: true });
});

test('nothing at the path ends with code 3', async () => {
  expect(await world.run('image add ko.local/app /nowhere/app')).toBe(3);
  expect(world.err).toBe('ebb: There is nothing at /nowhere/app.\n');
});

test('ls shows names, and digests alone only where there is no other name', async () => {
  const [a, b] = ['a', 'b'].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string];
  world.images.push({ name: 'dev.local/x:v1', digest: a }, { name: `dev.local/x@${a}`, digest: a });
  world.images.push({ name: `example.org/y@${b}`, digest: b });
  expect(await world.run('image ls')).toBe(0);
  expect(world.out.split('\n').map((line) => line.split(/ +/)[0])).toEqual([
    'NAME',
    'dev.local/x:v1',
    `example.org/y@${b}`,
    '',
  ]);
  await world.run('image ls -o json');
  expect(JSON.parse(world.out)).toHaveLength(3);
});

test('list is ls, and help says so', async () => {
  world.images.push({ name: 'ko.local/x:v1', digest: 'sha256:1' });
  await world.run('image ls');
  const ls = world.out;
  expect([await world.run('image list'), world.out]).toEqual([0, ls]);
  await world.run('image --help');
  expect(world.out).toContain('ls|list');
});

test('ls of an empty store says so', async () => {
  expect([await world.run('image ls'), world.out]).toEqual([0, '']);
  expect(world.err).toMatch(/no images/);
});

test('rm removes, or names what shows the names', async () => {
  world.holders = [7];
  world.images.push({ name: 'ko.local/x:v1', digest: 'sha256:1' });
  expect([await world.run('image rm ko.local/x:v1'), world.out]).toEqual([0, 'ko.local/x:v1 removed\n']);
  expect(await world.run('image rm ko.local/x:v1')).toBe(3);
  expect(world.err).toMatch(/'ebb image ls' shows/);
});

test('rm of an image that a Service uses names the Service; --force removes it', async () => {
  world.holders = [7];
  const digest = `sha256:${'a'.repeat(64)}`;
  world.images.push({ name: 'ko.local/app:v1', digest }, { name: 'ko.local/app:v2', digest: 'sha256:2' });
  world.client.objects.push(
    objectOf(Service, 'app', { spec: { template: { spec: { containers: [{ image: 'ko.local/app:v1' }] } } } }),
    objectOf(Revision, 'app-00001', {
      labels: { [SERVICE_LABEL]: 'app' },
      status: { containerStatuses: [{ name: 'c', imageDigest: `ko.local/app@${digest}` }] },
    }),
    objectOf(Revision, 'lone', { status: { containerStatuses: [{ imageDigest: `ko.local/app@${digest}` }] } }),
  );
  expect(await world.run('image rm ko.local/app:v1')).toBe(1);
  expect(world.err).toMatch(/ko.local\/app:v1 is used by Revision default\/lone, Service default\/app, which.*--force/);
  expect(await world.run('image rm ko.local/app:v2')).toBe(0);
  expect(await world.run('image rm ko.local/app:v1 --force')).toBe(0);
  expect(world.images).toEqual([]);
});

test('rm while the platform is down cannot know who uses it', async () => {
  world.images.push({ name: 'ko.local/app:v1', digest: 'sha256:1' });
  expect(await world.run('image rm ko.local/app:v1')).toBe(1);
  expect(world.err).toMatch(/known by the running platform only.*--force/);
  expect(await world.run('image rm ko.local/app:v1 --force')).toBe(0);
});
