// ebb export: what users made here, as manifests that a cluster with Knative takes.

import { Command } from 'commander';
import { Service } from '#kinds/mod.ts';
import type { Client } from '#objects/mod.ts';
import { dataDirOf, endpointsOf } from '../data-dir.ts';
import { absent, usage } from '../failure.ts';
import { checkNamespace } from '../namespace.ts';
import { rendered, yamlOf } from '../output.ts';
import type { CliPorts } from '../ports.ts';
import type { Manifest } from './manifest.ts';
import { exportedKinds, isUsersOwn, manifestOf, neededBy, warningsOn } from './manifest.ts';

const HELP = `
Left out: status and whatever a server fills in, what controllers made, Ebb's users, system namespaces. What only means
something here (images of this platform's store, annotations under ebb.dev, revisions that traffic names) is told on
standard error.

Examples:
  ebb export | kubectl --context cluster apply -f -     the namespace default
  ebb export hello > hello.yaml                         one Service, with the Secrets and ConfigMaps it needs
  ebb export -A --no-secrets -o json                    every namespace`;

interface Flags {
  namespace: string;
  allNamespaces?: boolean;
  secrets: boolean;
  output: string;
  data?: string;
}

export function exportCommand(ports: CliPorts): Command {
  return new Command('export')
    .summary('print manifests that apply to a cluster with Knative')
    .description(
      'Prints what users made as manifests that a cluster with Knative takes: all of a namespace, or one Service.',
    )
    .argument('[name]', 'a Knative Service; all objects without')
    .option('-n, --namespace <namespace>', 'namespace', 'default')
    .option('-A, --all-namespaces', 'all namespaces but those of the system')
    .option('--no-secrets', 'leave Secrets out')
    .option('-o, --output <format>', 'yaml (a document an object) or json (a List)', 'yaml')
    .option('--data <dir>', "the platform's data folder")
    .addHelpText('after', HELP)
    .action((name: string | undefined, flags: Flags) => run(name, flags, ports));
}

async function run(name: string | undefined, flags: Flags, ports: CliPorts): Promise<void> {
  if (flags.output !== 'yaml' && flags.output !== 'json')
    throw usage(`-o must be yaml or json, but is ${JSON.stringify(flags.output)}`);
  if (name !== undefined && flags.allNamespaces) throw usage('give either a name or -A, not both');
  const dataDir = dataDirOf(flags.data, ports.env);
  const { client } = await ports.connect(dataDir);
  const all = await exported(client, flags.allNamespaces ? undefined : flags.namespace);
  const chosen = name === undefined ? all : withNeeded(all, name, flags.namespace);
  const manifests = chosen.filter(({ kind }) => flags.secrets || kind !== 'Secret');
  for (const warning of warningsOn(manifests, ownRegistries(dataDir))) ports.err(`ebb: ${warning}\n`);
  if (all.length === 0 && !flags.allNamespaces) await checkNamespace(client, flags.namespace);
  if (manifests.length === 0) ports.err('ebb: there is nothing to export\n');
  else ports.out(flags.output === 'json' ? rendered(listOf(manifests), 'json') : documents(manifests));
}

/** Everything users made in a namespace, or in all of them, in the order of application. */
export async function exported(client: Client, namespace: string | undefined): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  for (const kind of exportedKinds()) {
    const isNamespace = kind.kind === 'Namespace';
    const within = namespace === undefined || isNamespace ? {} : { namespace };
    const { items } = await client.list(kind, within);
    const wanted = items.filter(({ metadata }) => !isNamespace || (namespace ?? metadata.name) === metadata.name);
    manifests.push(...wanted.filter(isUsersOwn).map(manifestOf));
  }
  return manifests;
}

function withNeeded(all: readonly Manifest[], name: string, namespace: string): Manifest[] {
  const service = all.find(
    (one) => one.kind === 'Service' && one.apiVersion === Service.apiVersion && one.metadata.name === name,
  );
  if (!service)
    throw absent(
      `There is no Knative Service ${JSON.stringify(name)} in namespace ${namespace}. 'ebb get' shows which there are.`,
    );
  const needed = neededBy(service);
  return all.filter((one) => one === service || needed.has(`${one.kind}/${one.metadata.name}`));
}

/** Names by which images of the platform's own registry begin. */
function ownRegistries(dataDir: string): string[] {
  const { host, port } = new URL(endpointsOf(dataDir).registry);
  return [host, `localhost:${port}`, 'localhost:5050'];
}

const listOf = (items: readonly Manifest[]) => ({ apiVersion: 'v1', kind: 'List', items });

function documents(manifests: readonly Manifest[]): string {
  return manifests.map(yamlOf).join('---\n');
}
