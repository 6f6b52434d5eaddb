// What goes over the wire at each stage of a delivery. Pure.

import type { Consumer } from '../control.ts';
import type { CloudEvent } from '../event.ts';
import { withAttributes } from '../event.ts';
import { TTL_ATTRIBUTE } from '../time-to-live.ts';
import { deadLetter } from './dead-letter.ts';
import type { Letter } from './letter.ts';
import type { Stage } from './next-step.ts';

export interface Outgoing {
  readonly event: CloudEvent;
  /** Beside those that the event itself has; names and values by turns. */
  readonly headers: readonly string[];
  readonly format: 'binary' | 'json';
}

/** What is sent of a letter. */
export type Written = Pick<Letter, 'event' | 'headers' | 'seenBy'>;

/**
 * Subscribers are asked for a reply and get the event as it came, without its hops where they stand behind a Broker. Replies
 * are given the hops back. Dead letters have all that the log has.
 */
export function outgoing(consumer: Consumer, stage: Stage, letter: Written): Outgoing {
  const namespace = ['Kn-Namespace', consumer.namespace];
  const { format = 'binary' } = consumer.delivery;
  switch (stage.at) {
    case 'subscriber':
      return {
        event: letter.seenBy(consumer.kind),
        headers: [...letter.headers, 'Prefer', 'reply', ...namespace],
        format,
      };
    case 'reply':
      return { event: withHops(consumer, stage.reply.event, letter), headers: stage.reply.headers, format: 'binary' };
    case 'dead-letter':
      return {
        event: deadLetter(letter.event, stage.cause),
        headers: [...letter.headers, ...namespace],
        format: 'binary',
      };
  }
}

function withHops({ kind }: Consumer, reply: CloudEvent, { event }: Written): CloudEvent {
  const hops = event.attributes.get(TTL_ATTRIBUTE);
  return kind === 'trigger' && hops !== undefined ? withAttributes(reply, { [TTL_ATTRIBUTE]: hops }) : reply;
}
