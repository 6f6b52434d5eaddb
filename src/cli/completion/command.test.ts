import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { World } from '../ports.fixture.ts';

let world: World;
beforeEach(() => void (world = new World()));
afterEach(() => world.discard());

const has = (program: string) => spawnSync(program, ['--version']).error === undefined;

async function script(shell: string): Promise<string> {
  expect(await world.run(`completion ${shell}`)).toBe(0);
  return world.out;
}

test.each(['bash', 'zsh', 'fish'])('%s: every command and its flags are in it', async (shell) => {
  const text = await script(shell);
  for (const word of ['deploy', 'completion', 'concurrency', 'port-gateway-tls', 'ls']) expect(text).toContain(word);
});

test.each(['bash', 'zsh', 'fish'])('%s: the shell itself finds no fault', async (shell) => {
  // What only zsh or fish can tell is told where they are.
  const { status, stderr } = has(shell)
    ? spawnSync(shell, ['-n'], { input: await script(shell), encoding: 'utf8' })
    : { status: 0, stderr: '' };
  expect([status, stderr]).toEqual([0, '']);
});

test.each([
  ['ebb de', 'deploy'],
  ['ebb deploy --conc', '--concurrency'],
  ['ebb image l', 'ls list'],
  ['ebb user li', 'list'],
  ['ebb events l', 'list ls'],
  ['ebb completion z', 'zsh'],
  ['ebb events redr', 'redrive'],
  ['ebb events list --broker d', 'default'],
  ['ebb events why 47', '4711'],
  ['ebb events why --br', '--broker'],
  ['ebb logs h', 'hello'],
])('bash completes %j to %j', async (line, word) => {
  const words = line.split(' ');
  // What names there are the command itself is asked.
  const names =
    'ebb() { case "$*" in "get brokers"*) echo broker.x/default ;; "get ksvc"*) echo service.x/hello ;; events*) echo 4711 ;; esac; }';
  const ask = `${names}; COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _ebb; echo "\${COMPREPLY[*]}"`;
  const { stdout } = spawnSync('bash', [], { input: `${await script('bash')}\n${ask}`, encoding: 'utf8' });
  expect(stdout.trim()).toBe(word);
});
