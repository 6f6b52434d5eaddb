// ebb events show: one event, its attributes and its data.

import type { EventStory } from '#kinds/mod.ts';
import { dataDirOf } from '../data-dir.ts';
import { usage } from '../failure.ts';
import { formatOf, rendered } from '../output.ts';
import type { CliPorts } from '../ports.ts';
import { dataOf, documentOf } from './document.ts';
import type { FoundStory } from './find.ts';
import { storiesOf } from './find.ts';
import type { PlaceFlags } from './flags.ts';
import { placeName } from './places.ts';

export async function showEvent(id: string, flags: PlaceFlags, ports: CliPorts): Promise<void> {
  const format = formatOf(flags.output);
  const found = await storiesOf(id, flags, ports, dataDirOf(flags.data, ports.env));
  if (format === 'json' || format === 'yaml') return ports.out(rendered(documentOf(onlyOne(found, id)), format));
  ports.out(found.map(({ place, story }) => shown(story, placeName(place))).join('\n'));
}

/** What a program reads is one event. */
export function onlyOne(found: readonly FoundStory[], id: string): EventStory {
  const [one, ...others] = found;
  if (one && others.length === 0) return one.story;
  const places = found.map(({ place, story }) => `${placeName(place)} (offset:${story.offset})`).join(', ');
  throw usage(`${id} is at ${places}; choose one with --broker or --channel, and its offset in place of the id`);
}

function shown(story: EventStory, where: string): string {
  const entries = Object.entries(story.attributes);
  const width = Math.max(...entries.map(([name]) => name.length));
  const lines = [
    `${where}, offset ${story.offset}, ${story.time}, ${story.bytes} bytes`,
    '',
    ...entries.map(([name, value]) => `${name.padEnd(width)}   ${value}`),
    '',
    dataText(story),
  ];
  return `${lines.join('\n')}\n`;
}

function dataText(story: EventStory): string {
  const { json, text, bytes } = dataOf(story);
  if (bytes === undefined) return 'no data';
  if (json !== undefined) return JSON.stringify(json, null, 2);
  return text ?? `${bytes.length} bytes that are no text: -o json shows them as base64`;
}
