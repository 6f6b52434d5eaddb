// ebb events: what came to Brokers and channels, what became of it, and how to send it again.

import { Command } from 'commander';
import type { CliPorts } from '../ports.ts';
import type { PlaceFlags } from './flags.ts';
import { gathered, withConsumer, withFilters, withPlace } from './flags.ts';
import type { ListFlags } from './list.ts';
import { listEvents } from './list.ts';
import type { RedriveFlags } from './redrive.ts';
import { redriveEvents } from './redrive.ts';
import type { ReplayFlags } from './replay.ts';
import { replayEvents } from './replay.ts';
import { showEvent } from './show.ts';
import { tellWhy } from './why.ts';

const HELP = `
What was done with events is noted where the journal of their Broker or channel is on; they are then kept for a day:
  kubectl annotate broker default ebb.dev/journal=true

Without --broker or --channel all Brokers and channels of the namespace are searched.

Examples:
  ebb events list                             the newest events, and what became of each
  ebb events why 4711                         which Triggers wanted it and why, and each attempt
  ebb events list --state dead-lettered       what only a dead letter sink took
  ebb events redrive --all --trigger audit    sends one Trigger again what it did not take
  ebb events replay --since 1h --to ksvc/new  sends the last hour to another service`;

export function eventsCommand(ports: CliPorts): Command {
  const events = new Command('events')
    .summary('see what became of events, and send them again')
    .description(
      'Shows events that came to Brokers and channels, who wanted them and how they were delivered, and sends them again.',
    )
    .addHelpText('after', HELP);
  for (const make of [list, show, why, replay, redrive]) events.addCommand(make(ports));
  return events;
}

function list(ports: CliPorts): Command {
  const command = new Command('list')
    .alias('ls')
    .description('Lists the newest events that are kept, and what became of each.')
    .option(
      '--state <state>',
      'in this state with any Trigger or Subscription: delivered, dead-lettered, failed (not taken, no dead letter sink), lost (nor did the dead letter sink take it), under-way',
    )
    .option('--limit <count>', 'at most this many', '20');
  return withPlace(withFilters(withConsumer(command)), 'wide, json, yaml or name')
    .addHelpText(
      'after',
      `
OUTCOME tells the event's state with each Trigger or Subscription that wanted it; - means none did, or it was not noted. -o wide shows more, -o name the ids alone.

Examples:
  ebb events list --since 10m --type 'order.*'
  ebb events list --trigger audit --state dead-lettered
  ebb events list --filter "subject LIKE 'cart-%' AND EXISTS tenant"
  ebb events list --broker default --since offset:100 --until offset:200 --limit 100`,
    )
    .action((flags: ListFlags) => listEvents(flags, ports));
}

const ID = "the event's id, or offset:N of one Broker or channel";

function show(ports: CliPorts): Command {
  return withPlace(new Command('show').description('Shows an event: its attributes and its data.').argument('<id>', ID))
    .addHelpText(
      'after',
      `
-o json is the event in the JSON format of CloudEvents, so that it can be sent elsewhere.

Examples:
  ebb events show 4711
  ebb events show offset:12 --broker default
  ebb events show 4711 -o json | curl -H 'content-type: application/cloudevents+json' -d @- http://localhost:3000`,
    )
    .action((id: string, flags: PlaceFlags) => showEvent(id, flags, ports));
}

function why(ports: CliPorts): Command {
  const description =
    'Tells in words what became of an event: which Triggers wanted it and why, clause by clause; each attempt with its answer; where it ended.';
  return withPlace(new Command('why').description(description).argument('<id>', ID))
    .addHelpText(
      'after',
      `
Filters are asked as they are now; attempts are what was noted when they were made.

Examples:
  ebb events why 4711
  ebb events why offset:12 --broker default -o json`,
    )
    .action((id: string, flags: PlaceFlags) => tellWhy(id, flags, ports));
}

function replay(ports: CliPorts): Command {
  const command = new Command('replay')
    .description('Sends kept events to any sink again, oldest first. Without --to, tells how far replays are.')
    .option('--to <sink>', 'a URL, or an object as ksvc/hello, broker/default or svc/ledger')
    .option('-f, --follow', 'wait for its end; exit code 1 if an event was not taken');
  return withPlace(withFilters(command))
    .addHelpText(
      'after',
      `
It begins at the oldest event that is kept, unless --since says otherwise, and ends at the newest at that moment. Each event is tried up to
four times. Only the sink gets them: nothing is sent to Triggers or Subscriptions again.

Examples:
  ebb events replay --broker default --since 2h --type 'order.*' --to ksvc/new-ledger --follow
  ebb events replay --broker default --since offset:100 --until offset:200 --to http://localhost:3000
  ebb events replay`,
    )
    .action((flags: ReplayFlags) => replayEvents(flags, ports));
}

function redrive(ports: CliPorts): Command {
  const command = new Command('redrive')
    .description(
      'Sends events again to those who did not take them: dead letters, and those for which there was no dead letter sink.',
    )
    .argument('[id...]', ID)
    .option('--all', 'all events that were not taken and match the other flags')
    .option('--state <state>', 'only events in this state: dead-lettered, failed or lost')
    .option('--set <attribute=value>', 'set an attribute first; may be repeated', gathered, [])
    .option('--unset <attribute>', 'remove an attribute first; may be repeated', gathered, [])
    .option('-d, --data-text <text>', 'replace the data first; @FILE reads it from a file')
    .option('--edit', 'change each event in your editor first ($VISUAL, $EDITOR)')
    .option('--dry-run', 'only tell what would be sent');
  return withPlace(withFilters(withConsumer(command)))
    .addHelpText(
      'after',
      `
Each event is sent to its subscriber once, and the answer is printed; one that is not taken keeps its state. Those who have it already do
not get it again. With --trigger or --subscription an event named by id is sent there whatever its state.

Examples:
  ebb events redrive 4711
  ebb events redrive 4711 --set subject=cart-7 -d '{"total": 12}'
  ebb events redrive 4711 --edit
  ebb events redrive --all --trigger audit --since 1h`,
    )
    .action((ids: readonly string[], flags: RedriveFlags) => redriveEvents(ids, flags, ports));
}
