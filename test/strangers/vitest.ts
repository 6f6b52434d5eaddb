// Tests of our own that run against a program that we did not write, as a stage of the strangers.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { repository } from '../harness/platform.ts';
import type { Outcome } from './outcomes.ts';

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly duration?: number;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** Runs the tests that the configuration in a folder of the strangers names, with an environment; what they say goes into `log`. */
export async function runTests(
  stage: string,
  env: Record<string, string>,
  log: string,
  only: string | undefined,
): Promise<Outcome[]> {
  const folder = mkdtempSync(join(tmpdir(), `ebb-${stage}-report-`));
  const file = join(folder, 'report.json');
  const vitest = join(repository, 'node_modules/vitest/vitest.mjs');
  const config = join(repository, 'test/strangers', stage, 'vitest.config.ts');
  const args = ['run', '--config', config, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  try {
    const child = spawn(process.execPath, [vitest, ...args, ...(only ? ['-t', only] : [])], {
      cwd: repository,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = createWriteStream(log);
    for (const stream of [child.stdout, child.stderr]) stream.pipe(output, { end: false });
    await once(child, 'exit');
    output.end();
    return outcomesOf(JSON.parse(readFileSync(file, 'utf8')) as Report);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file whose tests could not even begin counts as a test that failed. */
function outcomesOf({ testResults }: Report): Outcome[] {
  return testResults.flatMap(({ name, message = '', assertionResults }): Outcome[] => {
    const file = relative(repository, name);
    if (assertionResults.length === 0) return [{ test: file, outcome: 'fail', seconds: 0, said: message }];
    return assertionResults
      .filter(({ status }) => status !== 'skipped' && status !== 'pending')
      .map(({ fullName, status, duration = 0, failureMessages = [] }) => ({
        test: `${file}: ${fullName}`,
        outcome: status === 'passed' ? 'pass' : 'fail',
        seconds: Math.round(duration / 10) / 100,
        said: failureMessages.join('\n'),
      }));
  });
}
