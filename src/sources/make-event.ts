// Events as sources make them.

import type { CeOverrides } from '#kinds/mod.ts';
import type { CloudEvent } from '#events/mod.ts';

export interface EventParts {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly subject?: string;
  /** Wall time in milliseconds. */
  readonly time: number;
  readonly datacontenttype?: string | undefined;
  readonly extensions?: Readonly<Record<string, string>>;
  readonly overrides?: CeOverrides | undefined;
  readonly data: Uint8Array | undefined;
}

/** An event of version 1.0. What is set on every event of the source is set last. */
export function makeEvent(parts: EventParts): CloudEvent {
  const { id, type, source, subject, time, datacontenttype, extensions, overrides, data } = parts;
  const given: Record<string, string | undefined> = {
    specversion: '1.0',
    id,
    source,
    type,
    subject,
    time: new Date(time).toISOString(),
    datacontenttype: datacontenttype || undefined,
    ...extensions,
  };
  for (const [name, value] of Object.entries(overrides?.extensions ?? {})) given[name.toLowerCase()] = value;
  const attributes = Object.entries(given).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, value]],
  );
  return { attributes: new Map(attributes), data };
}
