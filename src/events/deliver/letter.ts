// An event that was read from the log, as consumers see it. Many consumers share one.

import type { Consumer } from '../control.ts';
import type { CloudEvent } from '../event.ts';
import { withAttributes } from '../event.ts';
import type { LogRecord } from '../log/log.ts';
import { decodeRecord } from '../codec/record.ts';
import { TTL_ATTRIBUTE } from '../time-to-live.ts';

export class Letter {
  readonly offset: number;
  readonly key: string | undefined;
  readonly bytes: number;
  /** As it lies on the log. */
  readonly event: CloudEvent;
  readonly headers: readonly string[];
  #withoutHops: CloudEvent | undefined;

  constructor({ offset, key, payload }: LogRecord) {
    const { event, headers } = decodeRecord(payload);
    this.offset = offset;
    this.key = key;
    this.bytes = payload.length;
    this.event = event;
    this.headers = headers;
  }

  /** Triggers neither match nor see the hops that the event has left. */
  seenBy(kind: Consumer['kind']): CloudEvent {
    if (kind === 'subscription' || !this.event.attributes.has(TTL_ATTRIBUTE)) return this.event;
    return (this.#withoutHops ??= withAttributes(this.event, { [TTL_ATTRIBUTE]: undefined }));
  }
}
