// The event of a PingSource: the same data each time, with an id that belongs to the tick.

import { md5 } from '#base/mod.ts';
import type { CloudEvent } from '#events/mod.ts';
import type { PingSource } from '#kinds/mod.ts';
import { PING_EVENT_TYPE } from '#kinds/mod.ts';
import { makeEvent } from '../make-event.ts';

export function pingSourceUri({ metadata: { namespace = '', name } }: PingSource): string {
  return `/apis/v1/namespaces/${namespace}/pingsources/${name}`;
}

/** The event of a tick. `now` is when it is sent; both are wall time in milliseconds. */
export function pingEvent(source: PingSource, tick: number, now: number): CloudEvent {
  const { contentType, ceOverrides } = source.spec;
  return makeEvent({
    id: idOf(source.metadata.uid ?? '', tick),
    type: PING_EVENT_TYPE,
    source: pingSourceUri(source),
    time: now,
    datacontenttype: contentType,
    overrides: ceOverrides,
    data: dataOf(source),
  });
}

/** Of one tick there is one event, whoever sends it and however often: a receiver can tell. */
function idOf(uid: string, tick: number): string {
  const hex = md5(`${uid} ${tick}`);
  // A UUID of version 3, whose digits are MD5.
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-3${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

function dataOf({ spec: { data, dataBase64 } }: PingSource): Uint8Array | undefined {
  if (dataBase64) return Uint8Array.from(atob(dataBase64.replaceAll(/[\r\n]/g, '')), (char) => char.charCodeAt(0));
  return data ? new TextEncoder().encode(data) : undefined;
}
