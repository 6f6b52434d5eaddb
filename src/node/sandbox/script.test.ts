import { expect, test } from 'vitest';
import type { Steps } from './script.ts';
import { containerScript, mountTables } from './script.ts';

const steps: Steps = {
  root: '/root',
  tables: { root: 'root.fstab', inside: 'inside.fstab' },
  layers: ['/'],
  writes: 'memory',
  readOnlyRoot: false,
  temporary: '/tmp',
  hostname: 'pod',
  cgroups: [],
  cgroupViews: [],
  devices: '/devices',
  overlays: [],
  disks: ['/tmp', '/var'],
  hidden: [
    { path: '/var/lib/ebb', kind: 'folder' },
    { path: '/var/key', kind: 'file' },
  ],
  binds: [{ source: '/volume', target: '/var/volume', readOnly: false, make: 'folder' }],
  detached: undefined,
  kernelPaths: new Set(),
  entry: { program: 'entry', plan: 'plan' },
};

test('disks of the machine lie below what is the container’s own, below what is hidden, and below its volumes', () => {
  const lines = mountTables(steps).inside.split('\n');
  const at = (path: string) => lines.flatMap((line, index) => (line.split(' ')[1] === `/root/r${path}` ? [index] : []));
  const [[tmpDisk = -1, ownTmp = -1], [disk = -1]] = [at('/tmp'), at('/var')];
  const below = [...at('/var/lib/ebb'), ...at('/var/key'), ...at('/var/volume')];
  expect([lines[tmpDisk], lines[ownTmp]].map((line) => line?.split(' ')[0])).toEqual(['/tmp', 'tmpfs']);
  expect(below).toEqual([...below].sort((a, b) => a - b));
  expect([below.length, disk >= 0, (below[0] ?? -1) > disk]).toEqual([3, true, true]);
});

const onDisk: Steps = { ...steps, disks: [], writes: { upper: '/upper', work: '/work' }, readOnlyRoot: true };
const OWN = 'none bind,rw,nosuid,nodev 0 0';

test.each<[string, Partial<Steps>, readonly string[]]>([
  ['stays writable where the root is not', {}, [`/root/r/tmp /root/r/tmp ${OWN}`]],
  ['… where a link of the image leads', { temporary: '/var/tmp' }, [`/root/r/var/tmp /root/r/var/tmp ${OWN}`]],
  ['… which may begin as others do', { temporary: '/developers' }, [`/root/r/developers /root/r/developers ${OWN}`]],
  ['is no mount where the root can be written', { readOnlyRoot: false }, []],
  ['nor where it leads to what is writable anyway', { temporary: '/dev/shm' }, []],
  ['nor where it is all of the root', { temporary: '/' }, []],
  [
    'is in memory over the machine’s root, where a link of the machine leads',
    { writes: 'memory', temporary: '/var/tmp' },
    ['tmpfs /root/r/var/tmp tmpfs nosuid,nodev,mode=1777,X-mount.mkdir 0 0'],
  ],
])('/tmp %s', (_, more, expected) => {
  const plain = { ...onDisk, temporary: '/none-of-its-own', readOnlyRoot: false };
  const others = new Set(mountTables(plain).inside.split('\n'));
  const lines = mountTables({ ...onDisk, ...more }).inside.split('\n');
  expect(lines.filter((line) => !others.has(line))).toEqual(expected);
});

test('the folder for /tmp is made where it really is, on disk only', () => {
  const script = (writes: Steps['writes']) =>
    containerScript({ ...onDisk, writes, temporary: '/no/where' }, (name) => name);
  const line = "[ -e '/root/r/no/where' ] || mkdir -p -m 1777 '/root/r/no/where'\n";
  expect([script(onDisk.writes).includes(line), script('memory').includes('1777')]).toEqual([true, false]);
});
