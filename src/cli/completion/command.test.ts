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

/** What commands print, by how they begin. */
const TOLD: Readonly<Record<string, string>> = {
  'get brokers': 'broker.x/default',
  'get ksvc': 'service.x/hello',
  'get namespaces': 'namespace/team-a',
  events: '4711',
  'image ls': 'NAME DIGEST\\nko.local/app:v1 sha256:1',
  'user ls': 'NAME ROLE\\nann edit',
};

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
  ['ebb export h', 'hello'],
  ['ebb why -n te', 'team-a'],
  ['ebb why -o y', 'yaml'],
  ['ebb why --data h', ''],
  ['ebb get revis', 'revisions'],
  ['ebb get ksvc he', 'hello'],
  ['ebb image rm ko', 'ko.local/app:v1'],
  ['ebb user rm a', 'ann'],
])('bash completes %j to %j', async (line, word) => {
  const words = line.split(' ');
  // What names there are the command itself is asked.
  const names = `ebb() { case "$*" in ${Object.entries(TOLD)
    .map(([asked, told]) => `"${asked}"*) printf '${told}\\n' ;;`)
    .join(' ')} esac; }`;
  const ask = `${names}; COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _ebb; echo "\${COMPREPLY[*]}"`;
  const { stdout } = spawnSync('bash', [], { input: `${await script('bash')}\n${ask}`, encoding: 'utf8' });
  expect(stdout.trim()).toBe(word);
});
