// Runs one of Knative Eventing's suites against a platform: each test in a process of its own, so that one that gives up the whole
// process takes no other along, and so that the suite's own serial tests may run beside each other.

import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Platform } from '../../harness/platform.ts';
import { ebbCommand } from '../../harness/platform.ts';
import type { Outcome } from '../outcomes.ts';
import type { Stage } from '../stage.ts';
import { certManager, eventingProgram, eventingSuite, probeImage, tool } from '../tools.ts';
import { startCertManager } from './cert-manager.ts';
import { outcomeOf, selected, unlike } from './select.ts';
import type { EventingSuite } from './suites.ts';
import { CONFIG } from './suites.ts';
import { TESTS } from './tests.ts';

/** Where the programs are found as images: under the platform's own registry, so that their digests are asked for as anywhere. */
const REPOSITORY = 'localhost:5050/eventing';
const NAMESPACE = 'knative-eventing';
/** The steps of a phase run beside each other, and one may wait for what another makes: on few cores Go would hold that one back. */
const STEPS_AT_ONCE = 16;
/**
 * One of their steps gives up where another, beside it, is not done: where the sink has no address yet, or where a source was looked at
 * before its sink was made.
 */
const IN_ORDER = /^Test(?:IntegrationSinkLog|EventTransformJsonataDirect|ApiServerSourceSkipPermissions)/;

/** The suite `name` of the table, on our stage. */
export function eventingStage(suite: EventingSuite): Stage {
  return {
    async prepare() {
      await tool('kubectl');
      for (const program of suite.programs) await eventingProgram(program);
      if (suite.certManager) await certManager();
      const there = testsOf(await eventingSuite(suite.package));
      const differences = suite.package === 'rekt' ? unlike(Object.values(TESTS).flat(), there) : [];
      if (differences.length > 0) throw new Error(differences.join('\n'));
    },
    async run(platform, log, only) {
      await furnish(platform, suite);
      const certificates = suite.certManager ? await startCertManager(platform) : undefined;
      const folder = mkdtempSync(join(tmpdir(), 'ebb-eventing-'));
      try {
        const binary = await eventingSuite(suite.package);
        const args = [...suite.flags, `-test.timeout=${suite.minutes}m`, ...imageFlags(suite, folder)];
        writeFileSync(log, '');
        return await playAll(selected(suite.tests ?? testsOf(binary), only), suite.parallel, async (test) => {
          const output = await play(binary, test, args, platform, folder);
          appendFileSync(log, output);
          return outcomeOf(test, output);
        });
      } finally {
        await certificates?.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Names of the tests that are built into a suite. */
function testsOf(binary: string): string[] {
  // It asks for a cluster's address before it answers, and speaks to none.
  const folder = mkdtempSync(join(tmpdir(), 'ebb-eventing-'));
  const KUBECONFIG = join(folder, 'kubeconfig');
  writeFileSync(KUBECONFIG, JSON.stringify(NOWHERE));
  try {
    const env = { ...process.env, KUBECONFIG };
    const said = execFileSync(binary, ['-test.list=.'], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return said.split('\n').filter((line) => /^Test\w+$/.test(line));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const NOWHERE = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'nowhere', cluster: { server: 'http://127.0.0.1:1' } }],
  contexts: [{ name: 'nowhere', context: { cluster: 'nowhere', user: '' } }],
  'current-context': 'nowhere',
};

const imageOf = (program: string): string => `${REPOSITORY}/${basename(program)}:latest`;

/** The suites of today read a file that maps programs to images; the older ones fill in a template. */
function imageFlags(suite: EventingSuite, folder: string): string[] {
  if (suite.package === 'conformance' || suite.package === 'e2e')
    return [`-dockerrepo=${REPOSITORY}`, `-imagetemplate=${REPOSITORY}/{{.Name}}:latest`];
  const file = join(folder, 'images.yaml');
  const lines = suite.programs.map((program) => `${program}: ${imageOf(program)}\n`);
  writeFileSync(file, lines.join(''));
  return [`-images.producer.file=${file}`];
}

/** Gives a platform what the suite expects to be there: images and settings. */
async function furnish(platform: Platform, suite: EventingSuite): Promise<void> {
  const add = (...args: string[]) =>
    execFileSync(ebbCommand, ['image', 'add', ...args, '--data', platform.dataDir], { stdio: 'pipe' });
  for (const program of suite.programs) add(imageOf(program), await eventingProgram(program));
  // A Pod with curl looks whether others answer; the machine's own curl serves as well.
  add(await probeImage(), '--host');
  const kubectl = await tool('kubectl');
  for (const config of [CONFIG, suite.config ?? {}])
    for (const [name, data] of Object.entries(config)) {
      const patch = ['patch', 'configmap', name, '-n', NAMESPACE, '--type=merge', '-p', JSON.stringify({ data })];
      execFileSync(kubectl, ['--kubeconfig', platform.kubeconfig, ...patch], { stdio: 'pipe' });
    }
}

/** Plays so many at once, in order. */
async function playAll(
  tests: readonly string[],
  parallel: number,
  playOne: (test: string) => Promise<Outcome>,
): Promise<Outcome[]> {
  const outcomes = new Map<string, Outcome>();
  const waiting = [...tests];
  const lane = async () => {
    for (let test = waiting.shift(); test !== undefined; test = waiting.shift())
      outcomes.set(test, await playOne(test));
  };
  await Promise.all(Array.from({ length: parallel }, lane));
  return tests.flatMap((test) => outcomes.get(test) ?? []);
}

/** All that the binary wrote while it ran one test. */
function play(
  binary: string,
  test: string,
  args: readonly string[],
  { kubeconfig }: Platform,
  folder: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const steps = IN_ORDER.test(test) ? 1 : STEPS_AT_ONCE;
    const child = spawn(binary, ['-test.v', `-test.run=^${test}$`, `-test.parallel=${steps}`, ...args], {
      cwd: join(binary, '..'),
      env: { ...process.env, KUBECONFIG: kubeconfig, SYSTEM_NAMESPACE: NAMESPACE, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', reject);
    child.once('close', () => resolve(output));
  });
}
