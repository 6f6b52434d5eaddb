// ebb logs: what the instances of a service print.

import { Command } from 'commander';
import { Pod, Revision, REVISION_LABEL, Service, SERVICE_LABEL } from '#kinds/mod.ts';
import type { PodStreams } from '#objects/mod.ts';
import { dataDirOf } from '../data-dir.ts';
import { absent } from '../failure.ts';
import type { CliPorts, Connection } from '../ports.ts';
import { whole } from '../values.ts';

const HELP = `
With -f it goes on: instances that start later are followed too, so a service at zero can be watched as it wakes.
Of a service at zero it prints what the instances wrote that ran before; that is kept for a day.

Examples:
  ebb logs hello
  ebb logs hello -f --tail 20
  ebb logs hello --previous     what runs and instances wrote that have ended`;

interface Flags {
  namespace: string;
  follow?: boolean;
  tail?: string;
  previous?: boolean;
  data?: string;
}

export function logsCommand(ports: CliPorts): Command {
  return new Command('logs')
    .summary("show a service's output")
    .description('Prints what the instances of a service (or of one revision) wrote.')
    .argument('<name>', 'a Service or a Revision')
    .option('-f, --follow', 'go on as it writes')
    .option('--tail <lines>', 'only the last lines of each instance')
    .option(
      '--previous',
      'what was written before: by the runs before the present ones, and by instances that are gone',
    )
    .option('-n, --namespace <namespace>', 'namespace', 'default')
    .option('--data <dir>', "the platform's data folder")
    .addHelpText('after', HELP)
    .action((name: string, flags: Flags) => logs(name, flags, ports));
}

async function logs(name: string, flags: Flags, ports: CliPorts): Promise<void> {
  if (flags.tail !== undefined) whole('--tail', flags.tail);
  const connection = await ports.connect(dataDirOf(flags.data, ports.env));
  const { items, resourceVersion } = await connection.client.list(Pod, { namespace: flags.namespace });
  const mine = items.filter((pod) => belongs(pod, name));
  const { streams } = connection;
  const isThere = mine.length > 0 || (await exists(name, flags, connection));
  if (flags.follow) {
    if (!isThere) ports.err(`ebb: there is no Service ${name} in namespace ${flags.namespace}; waiting for one\n`);
    const print = (pod: Pod) => copyLog(pod, { prefixed: true }, flags, streams, ports);
    return followAll(connection, mine, resourceVersion, name, flags, print, ports);
  }
  const shown = flags.previous ? mine.filter(hasRunBefore) : mine;
  const gone = flags.previous || mine.length === 0 ? await goneOf(name, flags, streams) : [];
  if (shown.length + gone.length === 0)
    throw absent(isThere ? nothingOf(name, mine.length > 0, flags) : unknown(name, flags));
  if (mine.length === 0)
    ports.err(
      `No instance of ${name} runs now; this is what ${gone.length === 1 ? 'the one' : 'those'} before wrote.\n`,
    );
  const prefixed = shown.length + gone.length > 1;
  for (const pod of gone) await copyLog(pod, { prefixed, ended: true }, flags, streams, ports);
  for (const pod of shown) await copyLog(pod, { prefixed }, flags, streams, ports);
}

async function exists(name: string, { namespace }: Flags, { client }: Connection): Promise<boolean> {
  const found = await Promise.all([client.get(Service, namespace, name), client.get(Revision, namespace, name)]);
  return found.some((one) => one !== undefined);
}

function unknown(name: string, { namespace }: Flags): string {
  return `There is no Service or Revision ${name} in namespace ${namespace}. 'ebb get' shows which there are.`;
}

function nothingOf(name: string, isRunning: boolean, { namespace }: Flags): string {
  return isRunning
    ? `No instance of ${name} in namespace ${namespace} has a run before its present one, and none that is gone has left anything.`
    : `No instance of ${name} is there in namespace ${namespace}, and none has left anything. 'ebb logs -f ${name}' waits for one.`;
}

function hasRunBefore({ status }: Pod): boolean {
  return status?.containerStatuses?.some(({ restartCount }) => restartCount > 0) ?? false;
}

/** Instances that are gone, oldest first. */
async function goneOf(name: string, { namespace }: Flags, { ended }: PodStreams): Promise<readonly Pod[]> {
  return ((await ended?.(namespace)) ?? []).filter((pod) => belongs(pod, name));
}

async function followAll(
  { client }: Connection,
  first: readonly Pod[],
  from: string,
  name: string,
  flags: Flags,
  print: (pod: Pod) => Promise<void>,
  ports: CliPorts,
): Promise<void> {
  const followed = new Map<string, Promise<void>>();
  const follow = (pod: Pod) => {
    const uid = pod.metadata.uid ?? '';
    const hasStarted = pod.status?.containerStatuses?.some(({ state }) => state?.running ?? state?.terminated);
    if (hasStarted && !followed.has(uid)) followed.set(uid, print(pod));
  };
  first.forEach(follow);
  try {
    for await (const event of client.watch(Pod, from, { namespace: flags.namespace }, ports.signal)) {
      if (event.type !== 'BOOKMARK' && event.type !== 'DELETED' && belongs(event.object, name)) follow(event.object);
    }
  } catch (error) {
    if (!ports.signal.aborted) throw error;
  }
  await Promise.allSettled(followed.values());
}

function belongs(pod: Pod, name: string): boolean {
  const labels = pod.metadata.labels ?? {};
  return labels[SERVICE_LABEL] === name || labels[REVISION_LABEL] === name || pod.metadata.name === name;
}

interface How {
  /** Each line begins with the name of its instance. */
  readonly prefixed: boolean;
  readonly ended?: boolean;
}

async function copyLog(
  pod: Pod,
  { prefixed, ended = false }: How,
  flags: Flags,
  streams: PodStreams,
  ports: CliPorts,
): Promise<void> {
  const { name } = pod.metadata;
  const container =
    pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'] ?? pod.spec.containers[0]?.name ?? '';
  const options = {
    container,
    follow: flags.follow ?? false,
    previous: !ended && (flags.previous ?? false),
    ...(ended ? { ended } : {}),
    ...(flags.tail ? { tailLines: Number(flags.tail) } : {}),
  };
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of streams.logs(pod, options, ports.signal)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) ports.out(prefixed ? `[${name}] ${line}\n` : `${line}\n`);
  }
  if (rest) ports.out(prefixed ? `[${name}] ${rest}\n` : `${rest}\n`);
}
