// ebb why: the chain of conditions, Pod states and last refusals of a service, in words.

import { Command } from 'commander';
import { why, whyObject } from '#explain/mod.ts';
import type { Facts, Living, Refusal } from '#explain/mod.ts';
import { allKinds, Configuration, Event, Pod, Revision, Route, Service, SERVICE_LABEL } from '#kinds/mod.ts';
import type { Client } from '#objects/mod.ts';
import type { Kind } from '#machinery/mod.ts';
import { ApiError } from '#machinery/mod.ts';
import { dataDirOf, endpointsOf } from '../data-dir.ts';
import { absent, usage } from '../failure.ts';
import { kindNamed } from '../get/command.ts';
import { formatOf, rendered } from '../output.ts';
import type { CliPorts } from '../ports.ts';

interface Flags {
  namespace: string;
  output?: string;
  data?: string;
}

export function whyCommand(ports: CliPorts): Command {
  return new Command('why')
    .summary('tell why a service, Broker, Trigger or source is as it is')
    .description(
      'Tells in words what a service waits for or has failed at: its conditions, its Pods, and the requests that were refused. Of a Broker, Trigger, source or anything else of Knative it tells the conditions.',
    )
    .argument('<name>', 'the Service; KIND/NAME for another kind')
    .option('-n, --namespace <namespace>', 'namespace', 'default')
    .option('-o, --output <format>', 'json or yaml')
    .option('--data <dir>', "the platform's data folder")
    .addHelpText('after', '\nExamples:\n  ebb why hello\n  ebb why trigger/orders\n  ebb why hello -o json')
    .action((name: string, flags: Flags) => tell(name, flags, ports));
}

async function tell(name: string, flags: Flags, ports: CliPorts): Promise<void> {
  const format = formatOf(flags.output);
  const { of, lines } = await told(name, flags, ports);
  ports.out(
    format === 'json' || format === 'yaml'
      ? rendered({ ...of, lines: lines.map((line) => line.trim()) }, format)
      : `${lines.join('\n')}\n`,
  );
}

interface Told {
  readonly of: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
}

/** Of a Service all that hangs on it; where there is none of that name, the first other object that has it. */
async function told(word: string, flags: Flags, ports: CliPorts): Promise<Told> {
  const [kind, name] = namedBy(word);
  if (kind === undefined || kind === Service) {
    const facts = await factsOf(name, flags, ports);
    if (facts) return { of: { service: name }, lines: why(facts) };
  }
  const { client } = await ports.connect(dataDirOf(flags.data, ports.env));
  const found = await othersOf(kind === undefined ? KINDS : [kind], { client, namespace: flags.namespace, name });
  if (found.length === 0) throw absent(nowhere(kind, name, flags.namespace));
  const lines = found.flatMap(whyObject);
  return { of: { name, kinds: found.map((one) => one.kind).join(', ') }, lines };
}

/** Of Knative, with conditions, in a namespace; each by its first version. */
const KINDS: readonly Kind[] = allKinds.filter(
  ({ kind, scope, names, columns }, i, all) =>
    scope === 'Namespaced' &&
    names.categories.includes('knative') &&
    columns['Ready'] !== undefined &&
    all.findIndex((one) => one.kind === kind && one.names.categories.includes('knative')) === i,
);

/** `hello`, or `trigger/orders`. */
function namedBy(word: string): [kind: Kind | undefined, name: string] {
  const [first = '', name, ...more] = word.split('/');
  if (name === undefined) return [undefined, first];
  if (name === '' || more.length > 0) throw usage(`expected NAME or KIND/NAME, but ${JSON.stringify(word)} was given`);
  const kind = kindNamed(first);
  if (!KINDS.includes(kind))
    throw usage(`of a ${kind.kind} 'ebb why' tells nothing; it knows ${KINDS.map((one) => one.kind).join(', ')}`);
  return [kind, name];
}

interface Place {
  readonly client: Client;
  readonly namespace: string;
  readonly name: string;
}

async function othersOf(kinds: readonly Kind[], { client, namespace, name }: Place): Promise<Living[]> {
  const found = await Promise.all(
    kinds.map(async (kind) => {
      try {
        return (await client.get(kind, namespace, name)) as Living | undefined;
      } catch (thrown) {
        // Who asks without naming a kind is told of what they may see.
        if (kinds.length > 1 && thrown instanceof ApiError && thrown.code === 403) return undefined;
        throw thrown;
      }
    }),
  );
  return found.filter((one) => one !== undefined);
}

function nowhere(kind: Kind | undefined, name: string, namespace: string): string {
  if (!kind)
    return `There is no Service ${name} in namespace ${namespace}, nor anything else of Knative. 'ebb get' shows which Services there are.`;
  const list = kind === Service ? 'ebb get' : `ebb get ${kind.names.plural}`;
  return `There is no ${kind.kind} ${name} in namespace ${namespace}. '${list}' shows which there are.`;
}

async function factsOf(name: string, flags: Flags, ports: CliPorts): Promise<Facts | undefined> {
  const dataDir = dataDirOf(flags.data, ports.env);
  const { namespace } = flags;
  const { client } = await ports.connect(dataDir);
  const service = await client.get(Service, namespace, name);
  if (!service) return undefined;
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
