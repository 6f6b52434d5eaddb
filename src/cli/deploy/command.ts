// ebb deploy: a folder or an image becomes a Service that answers.

import { Command } from 'commander';
import { existsSync } from 'node:fs';
import { dataDirOf } from '../data-dir.ts';
import { usage } from '../failure.ts';
import { formatOf, rendered } from '../output.ts';
import type { CliPorts } from '../ports.ts';
import { whole } from '../values.ts';
import type { DeployOptions, Deployed } from './deploy.ts';
import { deployFolder, deployImage, nameFrom } from './deploy.ts';

const HELP = `
A folder may hold:
  a Procfile                 its web process is run
  package.json               its start script is run, or its main file served
  index.js, index.ts, ...    a function: what the file exports is called with (request, response);
                             what it returns is the answer (text, an object as JSON, a web Response)
  main.py, app.py, ...       handle(request), a WSGI app, or a program
  go.mod                     package main; needs go on PATH
  one executable file        run as it is
A program must listen on the port in $PORT.
What takes events from a Trigger answers nothing, or an event (headers Ce-Specversion, Ce-Id, Ce-Type, Ce-Source); any
other answer counts as a failure, and the event is sent again.

Of a Service that is there only what is named here changes: its image, and the flags that are given.

Examples:
  ebb deploy ./hello
  ebb deploy ./hello --name greeter --env MODE=test --scale 0..5
  ebb deploy localhost:5050/me/app:v2 --name app`;

interface Flags {
  name?: string;
  namespace: string;
  env: readonly string[];
  port?: string;
  concurrency?: string;
  scale?: string;
  timeout: string;
  output?: string;
  data?: string;
}

export function deployCommand(ports: CliPorts): Command {
  return new Command('deploy')
    .summary('deploy a folder or an image')
    .description('Deploys a function from a folder, or an image, as a Knative Service, and waits until it answers.')
    .argument('<source>', 'a folder, or the name of an image')
    .option('--name <name>', "the Service's name (default: from the folder or image)")
    .option('-n, --namespace <namespace>', 'namespace', 'default')
    .option(
      '-e, --env <name=value>',
      'environment variable, or NAME- to take one away; may be repeated',
      (one: string, all: readonly string[]) => [...all, one],
      [],
    )
    .option('--port <port>', 'the port that the program listens on (default: $PORT, 8080)')
    .option('--concurrency <n>', 'requests that one instance may have at once; 0 for no limit')
    .option('--scale <min..max>', 'fewest and most instances, such as 1..10, 0.. or ..5')
    .option('--timeout <seconds>', 'how long to wait until it is ready', '120')
    .option('-o, --output <format>', 'json or yaml')
    .option('--data <dir>', "the platform's data folder")
    .addHelpText('after', HELP)
    .action((source: string, flags: Flags) => deploy(source, flags, ports));
}

async function deploy(source: string, flags: Flags, ports: CliPorts): Promise<void> {
  const format = formatOf(flags.output);
  const options: DeployOptions = {
    dataDir: dataDirOf(flags.data, ports.env),
    namespace: flags.namespace,
    ...(flags.name ? { name: flags.name } : {}),
    env: variables(flags.env),
    ...(flags.port ? { port: whole('--port', flags.port) } : {}),
    ...(flags.concurrency ? { concurrency: whole('--concurrency', flags.concurrency) } : {}),
    ...(flags.scale ? { scale: bounds(flags.scale) } : {}),
    timeoutMs: whole('--timeout', flags.timeout) * 1000,
    onProgress: (text) => ports.err(`${text}\n`),
  };
  const isFolder = existsSync(source) || source.startsWith('.') || source.startsWith('/');
  if (!isFolder && mayBeFolder(source))
    ports.err(`ebb: there is no folder ${source} here, so it is taken as the name of an image\n`);
  const deployed = isFolder
    ? await deployFolder(source, options, ports)
    : await deployImage(source, { ...options, name: flags.name ?? nameOfImage(source) }, ports);
  ports.out(format === 'json' || format === 'yaml' ? rendered(deployed, format) : told(deployed, flags.namespace));
}

function told({ name, revision, url, action, trafficElsewhere }: Deployed, namespace: string): string {
  if (!trafficElsewhere) return `Service ${name} is ${action} and ready (revision ${revision}):\n${url}\n`;
  const latest = JSON.stringify({ spec: { traffic: [{ latestRevision: true, percent: 100 }] } });
  return `Service ${name} is ${action} and revision ${revision} is ready, but no traffic leads to it: that is pinned to ${trafficElsewhere.join(', ')}.
To lead all of it to the newest revision:
  kubectl patch ksvc ${name} -n ${namespace} --type merge -p '${latest}'
${url}
`;
}

/** Whether a source that is no folder here could have been meant as one: it names no registry, tag or digest. */
function mayBeFolder(source: string): boolean {
  return !/[:@]/.test(source) && !source.split('/', 1)[0]?.includes('.');
}

function nameOfImage(image: string): string {
  const last = image.split('/').at(-1) ?? '';
  return nameFrom(last.replace(/[@:].*$/, ''));
}

function variables(pairs: readonly string[]): Record<string, string | undefined> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at === -1 && pair.length > 1 && pair.endsWith('-')) return [pair.slice(0, -1), undefined];
      if (at < 1) throw usage(`--env takes NAME=VALUE or NAME-, but ${JSON.stringify(pair)} was given`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

function bounds(text: string): { min?: number; max?: number } {
  const match = /^(\d*)\.\.(\d*)$/.exec(text) ?? /^(\d+)$/.exec(text);
  if (!match) throw usage(`--scale takes MIN..MAX, such as 1..10, 0.. or ..5, but ${JSON.stringify(text)} was given`);
  const [, min, max = min] = match;
  return { ...(min ? { min: Number(min) } : {}), ...(max ? { max: Number(max) } : {}) };
}
