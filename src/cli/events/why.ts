// ebb events why: what became of an event, and why.

import type { Said } from '#explain/mod.ts';
import { whyEvent } from '#explain/mod.ts';
import { painted } from '../colour.ts';
import { dataDirOf } from '../data-dir.ts';
import { formatOf, rendered } from '../output.ts';
import type { CliPorts } from '../ports.ts';
import { storiesOf } from './find.ts';
import type { PlaceFlags } from './flags.ts';
import { placeName } from './places.ts';
import { onlyOne } from './show.ts';

export async function tellWhy(id: string, flags: PlaceFlags, ports: CliPorts): Promise<void> {
  const format = formatOf(flags.output);
  const found = await storiesOf(id, flags, ports, dataDirOf(flags.data, ports.env));
  if (format === 'json' || format === 'yaml') return ports.out(rendered(onlyOne(found, id), format));
  const told = found.map(({ place, story }) => whyEvent(story, placeName(place)));
  ports.out(told.map((lines) => lines.map((line) => `${coloured(line, ports)}\n`).join('')).join('\n'));
}

const COLOURS = { good: 'green', bad: 'red', open: 'yellow' } as const;

function coloured({ text, tone }: Said, ports: CliPorts): string {
  return tone === 'plain' ? text : painted(text, COLOURS[tone], ports);
}
