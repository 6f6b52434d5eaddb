// ebb why: the chain of conditions, Pod states and last refusals of a service, in words.

import { Command } from 'commander';
import { why } from '#explain/mod.ts';
import type { Facts, Refusal } from '#explain/mod.ts';
import { Configuration, Event, Pod, Revision, Route, Service, SERVICE_LABEL } from '#kinds/mod.ts';
import { dataDirOf, endpointsOf } from '../data-dir.ts';
import { absent } from '../failure.ts';
import { formatOf, rendered } from '../output.ts';
import type { CliPorts } from '../ports.ts';

interface Flags {
  namespace: string;
  output?: string;
  data?: string;
}

export function whyCommand(ports: CliPorts): Command {
  return new Command('why')
    .summary('tell why a service is as it is')
    .description(
      'Tells in words what a service waits for or has failed at: its conditions, its Pods, and the requests that were refused.',
    )
    .argument('<name>', 'the Service')
    .option('-n, --namespace <namespace>', 'namespace', 'default')
    .option('-o, --output <format>', 'json or yaml')
    .option('--data <dir>', "the platform's data folder")
    .addHelpText('after', '\nExamples:\n  ebb why hello\n  ebb why hello -o json')
    .action((name: string, flags: Flags) => tell(name, flags, ports));
}

async function tell(name: string, flags: Flags, ports: CliPorts): Promise<void> {
  const format = formatOf(flags.output);
  const lines = why(await factsOf(name, flags, ports));
  ports.out(
    format === 'json' || format === 'yaml'
      ? rendered({ service: name, lines: lines.map((line) => line.trim()) }, format)
      : `${lines.join('\n')}\n`,
  );
}

async function factsOf(name: string, flags: Flags, ports: CliPorts): Promise<Facts> {
  const dataDir = dataDirOf(flags.data, ports.env);
  const { namespace } = flags;
  const { client } = await ports.connect(dataDir);
  const service = await client.get(Service, namespace, name);
  if (!service) throw absent(`There is no Service ${name} in namespace ${namespace}. 'ebb get' shows which there are.`);
  const labelSelector = `${SERVICE_LABEL}=${name}`;
  const [configuration, route, revisions, pods, events, refusals] = await Promise.all([
    client.get(Configuration, namespace, name),
    client.get(Route, namespace, name),
    client.list(Revision, { namespace, labelSelector }),
    client.list(Pod, { namespace, labelSelector }),
    client.list(Event, { namespace }),
    refusalsOf(endpointsOf(dataDir).console, `${namespace}/${name}-`),
  ]);
  const mine = new Set([
    name,
    ...revisions.items.map(({ metadata }) => metadata.name),
    ...pods.items.map(({ metadata }) => metadata.name),
  ]);
  return {
    service,
    configuration,
    route,
    revisions: revisions.items,
    pods: pods.items,
    events: events.items
      .filter((event) => mine.has(event.involvedObject.name ?? ''))
      .map((event) => ({
        about: `${event.involvedObject.kind ?? ''} ${event.involvedObject.name ?? ''}`,
        reason: event.reason ?? '',
        message: event.message ?? '',
        type: event.type ?? '',
        lastTimestamp: event.lastTimestamp,
      })),
    refusals,
    now: ports.now(),
  };
}

/** What the gateway refused for this service's revisions, as the console's port tells it. */
async function refusalsOf(console: string, prefix: string): Promise<Refusal[]> {
  const response = await fetch(new URL('/api/refusals', console));
  if (!response.ok) return [];
  const all = (await response.json()) as Refusal[];
  return all.filter(({ target }) => target.startsWith(prefix));
}
