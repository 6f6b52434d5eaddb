// What a dead letter says beside the event itself. Pure.

import type { CloudEvent } from '../event.ts';
import { withAttributes } from '../event.ts';

/** Why an event became a dead letter. */
export interface Cause {
  /** URL of the destination that failed. */
  readonly destination: string;
  readonly status: number;
  /** Base64, cut already. */
  readonly data: string;
}

/** The event with Knative's three extensions. An event that went this way before keeps what was said then. */
export function deadLetter(event: CloudEvent, { destination, status, data }: Cause): CloudEvent {
  const all = { knativeerrordest: destination, knativeerrorcode: status, knativeerrordata: data };
  return withAttributes(event, Object.fromEntries(Object.entries(all).filter(([name]) => !event.attributes.has(name))));
}
