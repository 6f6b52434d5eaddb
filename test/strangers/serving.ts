// Runs one of Knative's own suites against a platform.

import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Platform } from '../harness/platform.ts';
import { ebbCommand } from '../harness/platform.ts';
import { outcomesOf } from './outcomes.ts';
import type { Pebble } from './pebble.ts';
import { startPebble } from './pebble.ts';
import type { Stage } from './stage.ts';
import type { ServingSuite, SuiteModule } from './suites.ts';
import { CONFIG, IMAGES } from './suites.ts';
import { testImage, testSuite, tool } from './tools.ts';

/** Where the test images are: under the platform's own registry, so that their digests are asked for as anywhere. */
const REPOSITORY = 'localhost:5050/serving';

/** What the suites are told of every platform. */
const FLAGS = [
  `-dockerrepo=${REPOSITORY}`,
  `-imagetemplate=${REPOSITORY}/{{.Name}}:latest`,
  '-spooftimeout=2m',
  '-enable-beta',
  '-enable-alpha',
];
const MODULE_FLAGS: Readonly<Record<SuiteModule, readonly string[]>> = {
  // Here the class only decides which tests a suite passes over.
  serving: ['-ingress-class=kourier.ingress.networking.knative.dev', '-disable-logstream'],
  networking: [
    '-ingressClass=ebb.ingress.networking.knative.dev',
    '-certificateClass=ebb.certificate.networking.knative.dev',
  ],
};

/** The suite `name` of the table, on our stage. */
export function servingStage(name: string, suite: ServingSuite): Stage {
  return {
    flags: suite.flags ?? [],
    async prepare() {
      await tool('kubectl');
      await testSuite(name, suite);
      for (const image of suite.images) await testImage(IMAGES[image], suite.module);
      if (suite.acme) for (const program of ['pebble', 'pebble-challtestsrv'] as const) await tool(program);
    },
    async run(platform, log, only) {
      await furnish(platform, suite);
      const folder = mkdtempSync(join(tmpdir(), 'ebb-acme-'));
      const acme = suite.acme ? await certificatesByAcme(platform, folder) : undefined;
      try {
        const args = argumentsOf(suite, platform, await hasBalancer(platform), only);
        const output = await runTest(await testSuite(name, suite), args, log, {
          SYSTEM_NAMESPACE: 'knative-serving',
          GATEWAY_OVERRIDE: 'gateway',
          GATEWAY_NAMESPACE_OVERRIDE: 'ebb-system',
          KUBECONFIG: platform.kubeconfig,
        });
        return outcomesOf(output);
      } finally {
        await acme?.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** An ACME server of the platform's own, which the platform is told to take. */
async function certificatesByAcme({ kubeconfig, endpoints }: Platform, folder: string): Promise<Pebble> {
  const pebble = await startPebble(folder, Number(new URL(endpoints.gateway).port));
  const data = { issuer: 'acme', 'acme-directory': pebble.directory, 'acme-ca-bundle': pebble.caPem };
  const patch = ['patch', 'configmap', 'config-ebb-certificate', '-n', 'knative-serving', '--type=merge'];
  const kubectl = await tool('kubectl');
  execFileSync(kubectl, ['--kubeconfig', kubeconfig, ...patch, '-p', JSON.stringify({ data })], { stdio: 'pipe' });
  return pebble;
}

/** Gives a platform what the suite expects to be there: images, objects, settings. */
async function furnish(platform: Platform, suite: ServingSuite): Promise<void> {
  for (const image of suite.images) {
    const program = await testImage(IMAGES[image], suite.module);
    const name = `${REPOSITORY}/${image}:latest`;
    execFileSync(ebbCommand, ['image', 'add', name, program, '--data', platform.dataDir], { stdio: 'pipe' });
  }
  const kubectl = await tool('kubectl');
  const asked = (...args: string[]) =>
    execFileSync(kubectl, ['--kubeconfig', platform.kubeconfig, ...args], { stdio: 'pipe' });
  for (const file of ['tests.yaml', ...(suite.resources ?? [])])
    asked('apply', '-f', fileURLToPath(new URL(`resources/${file}`, import.meta.url)));
  for (const config of [CONFIG, suite.config ?? {}])
    for (const [name, data] of Object.entries(config))
      asked('patch', 'configmap', name, '-n', 'knative-serving', '--type=merge', '-p', JSON.stringify({ data }));
}

/** Whether the gateway has an address of its own beside this machine's loopback. */
async function hasBalancer({ kubeconfig }: Platform): Promise<boolean> {
  const which = ['get', 'service', 'gateway', '-n', 'ebb-system', '-o', 'jsonpath={.status.loadBalancer.ingress}'];
  return execFileSync(await tool('kubectl'), ['--kubeconfig', kubeconfig, ...which]).length > 0;
}

function argumentsOf(
  suite: ServingSuite,
  { kubeconfig, endpoints }: Platform,
  hasBalancer: boolean,
  only?: string,
): string[] {
  return [
    '-test.v',
    `-test.parallel=${suite.parallel}`,
    `-test.timeout=${suite.minutes}m`,
    `-kubeconfig=${kubeconfig}`,
    // Without one the suite takes the external address of the gateway's Service, which Pods reach as well.
    ...(hasBalancer ? [] : [`-ingressendpoint=${new URL(endpoints.gateway).hostname}`]),
    ...FLAGS,
    ...MODULE_FLAGS[suite.module ?? 'serving'],
    ...(only ? [`-test.run=${only}`] : []),
  ];
}

function runTest(binary: string, args: readonly string[], log: string, env: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const file = createWriteStream(log);
    const child = spawn(binary, args, {
      cwd: join(binary, '..'),
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output += chunk.toString();
      file.write(chunk);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('close', () => file.end(() => resolve(output)));
  });
}
