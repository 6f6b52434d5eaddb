import { expect, test } from 'vitest';
import type { Steps } from './script.ts';
import { mountTables } from './script.ts';

const steps: Steps = {
  root: '/root',
  tables: { root: 'root.fstab', inside: 'inside.fstab' },
  layers: ['/'],
  writes: 'memory',
  readOnlyRoot: false,
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
