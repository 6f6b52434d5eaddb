// ebb up: the platform, in the foreground unless told.

import { Command, Option } from 'commander';
import { fileURLToPath } from 'node:url';
import { parseQuantity } from '#base/mod.ts';
import { EXAMPLE_ANNOTATION, Service } from '#kinds/mod.ts';
import { dataDirFor } from '../data-dir.ts';
import { deployFolder } from '../deploy/deploy.ts';
import { ENCRYPTION_KEY_FLAG, ENCRYPTION_KEY_HELP, encryptionKeyFile } from '../encryption-key-file.ts';
import { usage } from '../failure.ts';
import { USUAL_PORTS } from '../usual-ports.ts';
import type { CliPorts, UpOptions } from '../ports.ts';
import { upDetached } from './detach.ts';
import { exampleCa } from './example-ca.ts';
import { welcome } from './welcome.ts';

const HELP = `
Everything the platform keeps is in its data folder; nothing is written outside it.
Ready means: DIR/endpoints.json exists. kubectl, kn and func take DIR/kubeconfig.

Examples:
  ebb up                                start on the usual ports, with the example function
  ebb up --no-example --data ./state    an empty platform with its state in ./state
  ebb up --detach                       in the background; 'ebb status' and 'ebb down' know it
  ebb up --listen 0.0.0.0               for other machines: TLS, and users only ('ebb user add')
  ebb up --port-gateway 0               any free port for the gateway; see endpoints.json`;

interface Flags {
  data?: string;
  listen: string;
  host?: string;
  plainHttp: boolean;
  portApi: number;
  portGateway: number;
  portGatewayTls: number;
  portConsole: number;
  portRegistry: number;
  example: boolean;
  nextFreePort: boolean;
  launcher: UpOptions['launcher'];
  egress: UpOptions['egress'];
  logFormat: UpOptions['logFormat'];
  gatewayEngine: UpOptions['gatewayEngine'];
  encryptionKeyFile?: string;
  detach: boolean;
  diskFloor: number;
  diskBudget?: number;
}

export function upCommand(ports: CliPorts): Command {
  const command = new Command('up')
    .summary('start the platform')
    .description('Starts the platform: API server, controllers, gateway, registry. Ctrl-C drains and stops it.')
    .option('--data <dir>', 'data folder (default: $EBB_HOME, else ~/.ebb)')
    .option('--listen <address>', 'address to listen at; 0.0.0.0 for all of this machine', '127.0.0.1')
    .addOption(new Option('--host <address>', 'the same').hideHelp())
    .option('--plain-http', "beyond this machine, open the gateway's http as well as its https", false)
    .option('--next-free-port', 'where a port is busy, take the next free one and say so', false)
    .option('--launcher <name>', 'what runs Pods: auto, sandbox (Linux namespaces) or process', launcher, 'auto')
    .option(
      '--egress <ports>',
      'ports by which sandboxed functions reach the outside: usual (web, mail, databases, brokers), none, or a list as 443,5432',
      egress,
      'usual',
    )
    .option(
      '--log-format <format>',
      "the platform's own log, beside DIR/logs: text (warnings), json (all), or file (nothing)",
      logFormat,
      'text',
    )
    .option(
      '--gateway-engine <name>',
      "what speaks HTTP/1.1 in the gateway: own, or node for Node's own server",
      gatewayEngine,
      'own',
    )
    .option(ENCRYPTION_KEY_FLAG, ENCRYPTION_KEY_HELP)
    .addOption(
      new Option('--disk-floor <size>', 'how much of the disk stays free; writes that would take more are refused')
        .argParser(size)
        .default(256 * 2 ** 20, '256Mi'),
    )
    .option('--disk-budget <size>', 'how much the data folder may take, such as 20Gi (default: no bound)', size)
    .option('-d, --detach', 'wait until it is ready, then leave it running in the background', false)
    .option('--no-example', 'do not deploy the example function')
    .addHelpText('after', HELP)
    .action((flags: Flags) => up(flags, ports));
  for (const { flag, serves, port: usual } of USUAL_PORTS) command.option(`${flag} <port>`, serves, port, usual);
  return command;
}

async function up(flags: Flags, ports: CliPorts): Promise<void> {
  const { path: dataDir, notice: whereabouts } = dataDirFor(flags.data, ports.env);
  if (whereabouts) ports.err(`ebb: ${whereabouts}\n`);
  if (flags.detach) return upDetached(dataDir, flags.data !== undefined, ports);
  const began = ports.now();
  const platform = await ports.start({
    dataDir,
    host: flags.host ?? flags.listen,
    plainHttp: flags.plainHttp,
    ports: {
      api: flags.portApi,
      gateway: flags.portGateway,
      gatewayTls: flags.portGatewayTls,
      console: flags.portConsole,
      registry: flags.portRegistry,
    },
    nextFreePort: flags.nextFreePort,
    launcher: flags.launcher,
    egress: flags.egress,
    logFormat: flags.logFormat,
    gatewayEngine: flags.gatewayEngine,
    encryptionKeyFile: encryptionKeyFile(flags.encryptionKeyFile, ports.env),
    disk: { floor: flags.diskFloor, budget: flags.diskBudget },
  });
  try {
    for (const notice of platform.notices) ports.err(`ebb: ${notice}\n`);
    const example = flags.example ? await deployExample(dataDir, ports) : undefined;
    await platform.announce(example);
    ports.out(
      welcome({
        endpoints: { ...platform.endpoints, ...(example ? { example } : {}) },
        kubeconfig: platform.kubeconfig,
        ms: ports.now() - began,
        dataDir: flags.data === undefined ? undefined : dataDir,
        exampleCa: await exampleCa(example, dataDir, ports),
      }),
    );
    await Promise.race([untilAborted(ports.signal), platform.ended]);
  } finally {
    if (ports.signal.aborted) ports.err('ebb: draining and stopping\n');
    await platform.stop();
  }
}

const EXAMPLE = { name: 'hello', namespace: 'default' };

/**
 * The example's URL; a failure to deploy it does not stop the platform. What has its name and is somebody's own, or was
 * changed by somebody, stays as it is.
 */
async function deployExample(dataDir: string, ports: CliPorts): Promise<string | undefined> {
  try {
    const { client } = await ports.connect(dataDir);
    const there = await client.get(Service, EXAMPLE.namespace, EXAMPLE.name);
    if (there && there.metadata.annotations?.[EXAMPLE_ANNOTATION] !== String(there.metadata.generation))
      return there.status?.url;
    const options = { ...EXAMPLE, dataDir, timeoutMs: 60_000, noteGenerationIn: EXAMPLE_ANNOTATION };
    const { url } = await deployFolder(exampleFolder(), options, ports);
    return url;
  } catch (error) {
    ports.err(
      `ebb: the example function could not be deployed: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    return undefined;
  }
}

/** Beside the bundle in dist/ and beside the source alike. */
function exampleFolder(): string {
  const here = import.meta.url;
  return fileURLToPath(new URL(here.endsWith('.ts') ? '../../../examples/hello' : '../examples/hello', here));
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw usage(`a port is a whole number from 0 (any free one) to 65535, but ${JSON.stringify(text)} was given`);
  return value;
}

function size(text: string): number {
  const value = parseQuantity(text);
  if (value === undefined || value < 0)
    throw usage(`a size is a number of bytes such as 500Mi or 20Gi, but ${JSON.stringify(text)} was given`);
  return value;
}

function egress(text: string): UpOptions['egress'] {
  if (text === 'usual' || text === 'none') return text;
  const ports = text.split(',').map(Number);
  if (ports.every((number) => Number.isInteger(number) && number > 0 && number < 65_536)) return ports;
  throw usage(`--egress must be usual, none, or ports such as 443,5432, but is ${JSON.stringify(text)}`);
}

function launcher(text: string): UpOptions['launcher'] {
  if (text === 'auto' || text === 'sandbox' || text === 'process') return text;
  throw usage(`--launcher must be auto, sandbox or process, but is ${JSON.stringify(text)}`);
}

function logFormat(text: string): UpOptions['logFormat'] {
  if (text === 'text' || text === 'json' || text === 'file') return text;
  throw usage(`--log-format must be text, json or file, but is ${JSON.stringify(text)}`);
}

function gatewayEngine(text: string): UpOptions['gatewayEngine'] {
  if (text === 'own' || text === 'node') return text;
  throw usage(`--gateway-engine must be own or node, but is ${JSON.stringify(text)}`);
}
