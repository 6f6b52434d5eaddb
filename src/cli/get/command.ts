// ebb get: objects of any kind, as kubectl would show them.

import { Command } from 'commander';
import { allKinds } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { tableOf } from '#machinery/mod.ts';
import { dataDirOf } from '../data-dir.ts';
import { absent, usage } from '../failure.ts';
import { checkNamespace } from '../namespace.ts';
import { columns, formatOf, rendered } from '../output.ts';
import type { CliPorts } from '../ports.ts';

const HELP = `
KIND is a name as kubectl knows it (ksvc, revisions, pods, ...); functions and services mean Knative Services.

Examples:
  ebb get                        all Knative Services
  ebb get revisions -A           revisions in all namespaces
  ebb get ksvc hello -o yaml     one Service, whole`;

interface Flags {
  namespace: string;
  allNamespaces?: boolean;
  selector?: string;
  output?: string;
  data?: string;
}

export function getCommand(ports: CliPorts): Command {
  return new Command('get')
    .summary('show services, revisions, pods and any other kind')
    .description('Shows objects of a kind, or one of them.')
    .argument('[kind]', 'the kind', 'ksvc')
    .argument('[name]', 'one object')
    .option('-n, --namespace <namespace>', 'namespace', 'default')
    .option('-A, --all-namespaces', 'all namespaces')
    .option('-l, --selector <selector>', 'label selector')
    .option('-o, --output <format>', 'wide, json, yaml or name')
    .option('--data <dir>', "the platform's data folder")
    .addHelpText('after', HELP)
    .action((kind: string, name: string | undefined, flags: Flags) => get(kind, name, flags, ports));
}

async function get(word: string, name: string | undefined, flags: Flags, ports: CliPorts): Promise<void> {
  const format = formatOf(flags.output, ['wide', 'json', 'yaml', 'name']);
  const kind = kindNamed(word);
  const { client } = await ports.connect(dataDirOf(flags.data, ports.env));
  const namespace = kind.scope === 'Namespaced' ? flags.namespace : '';
  if (name) {
    const object = await client.get(kind, namespace, name);
    if (!object)
      throw absent(
        `There is no ${kind.names.singular} ${JSON.stringify(name)}${namespace ? ` in namespace ${namespace}` : ''}.`,
      );
    return ports.out(
      format === 'json' || format === 'yaml' ? rendered(object, format) : shown(kind, [object], format, false, ports),
    );
  }
  const within = flags.allNamespaces || !namespace ? {} : { namespace };
  const { items } = await client.list(kind, {
    ...within,
    ...(flags.selector ? { labelSelector: flags.selector } : {}),
  });
  if (format === 'json' || format === 'yaml')
    return ports.out(rendered({ apiVersion: 'v1', kind: 'List', items }, format));
  if (items.length === 0) {
    if (within.namespace) await checkNamespace(client, within.namespace);
    return ports.err(`No ${kind.names.plural} found${within.namespace ? ` in namespace ${within.namespace}` : ''}.\n`);
  }
  ports.out(shown(kind, items, format, Boolean(flags.allNamespaces), ports));
}

/** A kind by any of its names; Knative's Service wins where names meet. */
export function kindNamed(word: string): Kind {
  const wanted = word.toLowerCase();
  const alias = ['function', 'functions', 'service', 'services', 'fn'].includes(wanted) ? 'ksvc' : wanted;
  const found = allKinds.find(({ names, kind, group }) =>
    [names.plural, names.singular, kind.toLowerCase(), ...names.short, `${names.plural}.${group}`].includes(alias),
  );
  if (!found) {
    throw usage(
      `${JSON.stringify(word)} is no kind. The Service of that name: ebb get ksvc ${word}. Kinds are ksvc, revisions, pods, and what 'kubectl api-resources' lists.`,
    );
  }
  return found;
}

function shown(
  kind: Kind,
  objects: readonly KubeObject[],
  format: string,
  withNamespace: boolean,
  ports: CliPorts,
): string {
  if (format === 'name')
    return objects
      .map(({ metadata }) => `${kind.names.singular}${kind.group ? `.${kind.group}` : ''}/${metadata.name}\n`)
      .join('');
  const table = tableOf(kind, objects, { now: ports.now(), includeObject: 'None' });
  const visible = table.columnDefinitions
    .map((column, index) => ({ column, index }))
    .filter(({ column }) => format === 'wide' || column.priority === 0);
  const headings = visible.map(({ column }) => column.name.toUpperCase());
  const rows = table.rows.map(({ cells }) => visible.map(({ index }) => String(cells[index] ?? '')));
  if (!withNamespace) return columns(headings, rows);
  return columns(
    ['NAMESPACE', ...headings],
    rows.map((row, i) => [objects[i]?.metadata.namespace ?? '', ...row]),
  );
}
