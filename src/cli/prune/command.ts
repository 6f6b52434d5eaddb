// ebb prune: gives back what nothing refers to, or says what that would be.

import { Command } from 'commander';
import { Configuration, Revision, Route } from '#kinds/mod.ts';
import type { Client } from '#objects/mod.ts';
import { dataDirOf, endpointsOf } from '../data-dir.ts';
import { bytes, columns, formatOf, rendered } from '../output.ts';
import type { CliPorts } from '../ports.ts';
import { unreferenced } from './revisions.ts';

const HELP = `
Removed are: images that only a digest names and no object speaks of, layers and unpacked roots that no image needs, log files
that were put aside, and copies of the store older than a week. Parts younger than an hour stay, for someone may be about to
name them. With --revisions also Revisions without traffic and tag that are not the newest; one cannot go back to them then.

Examples:
  ebb prune --dry-run               what would go, and how much that is
  ebb prune --revisions --all       also old Revisions, and images with a name that nothing runs
  ebb prune --dry-run -o json`;

interface Flags {
  dryRun: boolean;
  all: boolean;
  revisions: boolean;
  output?: string;
  data?: string;
}

interface Gone {
  readonly what: string;
  readonly name: string;
  readonly bytes: number;
}

export function pruneCommand(ports: CliPorts): Command {
  return new Command('prune')
    .summary('remove images, layers, logs and revisions that nothing refers to')
    .description('Gives back what nothing refers to, while the platform runs.')
    .option('--dry-run', 'only say what would go', false)
    .option('--all', 'also images that have a name, where no object refers to them', false)
    .option('--revisions', 'also Revisions without traffic and tag that are not the newest', false)
    .option('-o, --output <format>', 'json or yaml')
    .option('--data <dir>', "the platform's data folder")
    .addHelpText('after', HELP)
    .action((flags: Flags) => prune(flags, ports));
}

async function prune(flags: Flags, ports: CliPorts): Promise<void> {
  const format = formatOf(flags.output);
  const dataDir = dataDirOf(flags.data, ports.env);
  endpointsOf(dataDir);
  if (ports.isTerminal) ports.err('ebb: looking for what nothing refers to\r');
  // Revisions first: they refer to images.
  const revisions = flags.revisions ? await goneRevisions((await ports.connect(dataDir)).client, flags.dryRun) : [];
  const gone = [...revisions, ...(await ports.prune(dataDir, { all: flags.all, dryRun: flags.dryRun }))];
  if (ports.isTerminal) ports.err('\u001B[K');
  const total = gone.reduce((sum, one) => sum + one.bytes, 0);
  if (format === 'json' || format === 'yaml')
    return ports.out(rendered({ dryRun: flags.dryRun, bytes: total, removed: gone }, format));
  if (gone.length > 0)
    ports.out(
      columns(
        ['WHAT', 'SIZE', 'NAME'],
        gone.map(({ what, name, bytes: size }) => [what, size ? bytes(size) : '', name]),
      ),
    );
  const verb = flags.dryRun ? 'would be' : 'were';
  ports.out(gone.length === 0 ? 'Nothing is left over.\n' : `${bytes(total)} ${verb} given back.\n`);
  if (flags.dryRun && flags.revisions && revisions.length > 0)
    ports.err('ebb: images of these Revisions go with them, and are not counted here\n');
}

async function goneRevisions(client: Client, dryRun: boolean): Promise<Gone[]> {
  const [revisions, configurations, routes] = await Promise.all([
    client.list(Revision),
    client.list(Configuration),
    client.list(Route),
  ]);
  const gone = unreferenced(revisions.items, configurations.items, routes.items);
  if (!dryRun) for (const { metadata } of gone) await client.delete(Revision, metadata.namespace ?? '', metadata.name);
  return gone.map(({ metadata }) => ({ what: 'revision', name: `${metadata.namespace}/${metadata.name}`, bytes: 0 }));
}
