import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { World } from '../ports.fixture.ts';
import type { UnitOptions } from './unit.ts';
import { unitText } from './unit.ts';

let world: World;
beforeEach(() => void (world = new World()));
afterEach(() => world.discard());

const options: UnitOptions = {
  program: ['/usr/bin/node', '/opt/ebb/dist/main.js'],
  dataDir: '/var/lib/ebb',
  flags: ['--port-gateway', '80'],
  scope: 'system',
  path: '/usr/bin:/bin',
};
const awkward: UnitOptions = {
  ...options,
  dataDir: '/home/a b/100%/$HOME/"q"',
  scope: 'user',
  encryptionKeyFile: '/etc/ebb/key',
};

describe('the unit', () => {
  test('of the machine', () => expect(unitText(options)).toMatchSnapshot());
  test('of a user, with words that systemd would read otherwise', () => expect(unitText(awkward)).toMatchSnapshot());

  const canVerify = spawnSync('systemd-analyze', ['--version']).status === 0;
  test.skipIf(!canVerify).each([
    ['system', options],
    ['user', awkward],
  ])('systemd itself finds no fault with the one of the %s', (_, { ...unit }) => {
    const folder = mkdtempSync(join(tmpdir(), 'ebb-unit-'));
    const file = join(folder, 'ebb.service');
    writeFileSync(file, unitText({ ...unit, program: [process.execPath, '/opt/ebb/dist/main.js'] }));
    const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    const ofOurs = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('ebb.service'));
    expect(ofOurs).toEqual([]);
  });
});

const file = () => join(world.folder, 'units', 'ebb.service');

test('install writes the unit and has systemd start it; uninstall undoes both', async () => {
  const folder = join(world.folder, 'units');
  expect(await world.run(`service install --unit-folder ${folder} -- --port-gateway 80`)).toBe(0);
  expect(readFileSync(file(), 'utf8')).toContain(
    `ExecStart=/opt/node /opt/ebb/main.js up --data ${world.folder} --no-example --log-format json --port-gateway 80\n`,
  );
  expect(world.asked).toEqual(['systemctl daemon-reload', 'systemctl enable --now ebb.service']);
  world.asked.length = 0;
  expect(await world.run(`service uninstall --unit-folder ${folder}`)).toBe(0);
  expect(existsSync(file())).toBe(false);
  expect(world.asked).toEqual(['systemctl disable --now ebb.service', 'systemctl daemon-reload']);
});

test('a unit of a user is told about lingering', async () => {
  expect(await world.run(`service install --user --unit-folder ${world.folder}`)).toBe(0);
  expect(world.asked).toContain('systemctl --user enable --now ebb.service');
  expect(world.err).toContain('loginctl enable-linger');
});

test('it can be printed only', async () => {
  world.isRoot = false;
  expect(await world.run('service install --print')).toBe(0);
  expect(world.out).toContain('WantedBy=multi-user.target');
  expect(world.asked).toEqual([]);
});

test('what cannot be is told with the next step', async () => {
  world.isRoot = false;
  expect(await world.run('service install')).toBe(1);
  expect(world.err).toContain('run it with sudo, or give --user');
  world.executed = { code: 1, said: 'System has not been booted with systemd' };
  expect(await world.run(`service install --unit-folder ${world.folder}`)).toBe(1);
  expect(world.err).toMatch(/not been booted with systemd\. The unit is .*'ebb up --detach'/);
  expect(await world.run('service uninstall --unit-folder /nowhere')).toBe(3);
  expect(world.err).toContain('There is no unit /nowhere/ebb.service');
});
