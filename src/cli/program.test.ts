import { afterEach, beforeEach, expect, test } from 'vitest';
import { World } from './ports.fixture.ts';

let world: World;
beforeEach(() => void (world = new World()));
afterEach(() => world.discard());

test('without words it tells how to begin', async () => {
  expect(await world.run('')).toBe(0);
  expect(world.out).toContain('A first round:');
});

test('--version', async () => {
  expect([await world.run('--version'), world.out]).toEqual([0, '1.2.3\n']);
});

const COMMANDS = ['up', 'down', 'deploy', 'invoke', 'get', 'logs', 'why', 'image', 'backup', 'restore', 'completion'];

test('the help names every command, and says what each is for', async () => {
  await world.run('--help');
  for (const command of COMMANDS) expect(world.out).toMatch(new RegExp(`^ {2}${command} +\\S+`, 'm'));
});

test.each([...COMMANDS, 'image add', 'image ls', 'image rm'])(
  'ebb %s --help has a description and examples',
  async (command) => {
    expect(await world.run(`${command} --help`)).toBe(0);
    expect(world.out).toMatch(new RegExp(`^Usage: ebb ${command}[ |]`));
    expect(world.out).toMatch(/\n\n[A-Z][^\n]+(?:\n[^\n]+)*\.\n/);
    if (!command.includes(' ')) expect(world.out).toContain('Examples:');
  },
);

test.each([
  ['an unknown command', 'depoly x', /unknown command 'depoly'[^]*Did you mean deploy/],
  ['an unknown flag', 'get --wrong', /unknown option '--wrong'[^]*ebb COMMAND --help/],
  ['a missing argument', 'invoke', /missing required argument 'name'/],
  ['a port that is none', 'up --port-api x', /a port is a whole number from 0/],
  ['an unknown launcher', 'up --launcher rocket', /must be auto, sandbox or process/],
  ['an unknown log format', 'up --log-format xml', /must be text, json or file/],
  ['an unknown output', 'get -o xml', /-o must be one of wide, json, yaml, name/],
  ['an unknown kind', 'get zebras', /"zebras" is no kind. .*: ebb get ksvc zebras\./],
  ['a variable without a value', 'deploy . --env A', /--env takes NAME=VALUE/],
  ['a scale that is none', 'deploy . --scale many', /--scale takes MIN..MAX/],
  ['a header without a name', 'invoke x -H wrong', /-H takes "Name: value"/],
  ['an unknown shell', 'completion powershell', /one of bash, zsh, fish/],
  ['an image without a source', 'image add ko.local/app', /a path is missing/],
  ['an image with two sources', 'image add ko.local/app . --host', /not both/],
  ['a number of lines that is none', 'logs x --tail few', /--tail takes a whole number/],
])('%s is refused with code 2 and what was expected', async (_, line, message) => {
  world.running();
  world.client.objects.push({
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name: 'x', namespace: 'default' },
    status: { url: 'http://x.default.localhost' },
  } as object as (typeof world.client.objects)[number]);
  expect(await world.run(line)).toBe(2);
  expect(world.err).toMatch(message);
});
