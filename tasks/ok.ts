// What a developer runs before a commit: types, lint, format, tests. Stops at the first that fails.

import { spawnSync } from 'node:child_process';

const STEPS: readonly (readonly string[])[] = [
  ['tsc', '-p', '.'],
  ['oxlint', '--type-aware', '--deny-warnings', 'src', 'test', 'tasks', 'bench', 'examples'],
  ['biome', 'format', '.'],
  ['vitest', 'run'],
];

for (const [command = '', ...args] of STEPS) {
  console.log(`\n> ${command} ${args.join(' ')}`);
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
console.log('\nok');
