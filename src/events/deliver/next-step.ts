// The way of one event to one consumer, step by step: to the subscriber, with the reply where there is one, to the dead letter
// sink where it failed. Pure.

import type { Consumer, Destination } from '../control.ts';
import type { CloudEvent } from '../event.ts';
import { TTL_ATTRIBUTE } from '../time-to-live.ts';
import type { Cause } from './dead-letter.ts';
import { nextAttempt, nextDeadLetterAttempt } from './next-attempt.ts';
import type { Failure, Verdict } from './verdict-of-answer.ts';

/** Where an event stands, and how often it has failed there. */
export type Stage =
  | { readonly at: 'subscriber'; readonly failures: number }
  | { readonly at: 'reply'; readonly failures: number; readonly reply: Reply }
  | {
      readonly at: 'dead-letter';
      readonly failures: number;
      readonly cause: Cause;
    };

/** What a subscriber answered; where there is none, the event itself, which is passed on. */
export interface Reply {
  readonly event: CloudEvent;
  readonly headers: readonly string[];
}

/** How it ended. `failed`: nobody has it, for there is no dead letter sink; `lost`: nor has the sink, which would not take it. */
export type End = 'delivered' | 'dead-lettered' | 'failed' | 'lost';

export type Step =
  | { readonly kind: 'send'; readonly stage: Stage }
  | { readonly kind: 'wait'; readonly ms: number; readonly stage: Stage }
  | { readonly kind: 'end'; readonly end: End; readonly cause?: Cause };

const DELIVERED: Step = { kind: 'end', end: 'delivered' };
const FIRST: Stage = { at: 'subscriber', failures: 0 };

/** The first step of an event that a consumer is to have. */
export function firstStep(consumer: Consumer, letter: Reply): Step {
  const { subscriber, kind } = consumer;
  if (kind === 'trigger' && !letter.event.attributes.has(TTL_ATTRIBUTE))
    return afterFailure(consumer, notFromBroker(subscriber));
  if (subscriber) return { kind: 'send', stage: FIRST };
  return consumer.reply ? { kind: 'send', stage: { at: 'reply', failures: 0, reply: letter } } : DELIVERED;
}

/** A Trigger delivers only what came through its Broker, which counts the hops. */
function notFromBroker(subscriber: Destination | undefined): Cause {
  const data = Buffer.from(`the event has no ${TTL_ATTRIBUTE}: it did not come by the broker`).toString('base64');
  return { destination: subscriber?.url ?? '', status: 400, data };
}

/** Where the stage sends to. */
export function destinationOf(consumer: Consumer, { at }: Stage): Destination | undefined {
  const { subscriber, reply, deadLetter } = consumer;
  return { subscriber, reply, 'dead-letter': deadLetter }[at];
}

/** What follows an answer. Its headers go with the reply that it holds. */
export function nextStep(consumer: Consumer, stage: Stage, verdict: Verdict, headers: readonly string[]): Step {
  if (verdict.kind === 'replied' && stage.at === 'subscriber')
    return { kind: 'send', stage: { at: 'reply', failures: 0, reply: { event: verdict.event, headers } } };
  if (verdict.kind !== 'failed')
    return stage.at === 'dead-letter' ? { kind: 'end', end: 'dead-lettered', cause: stage.cause } : DELIVERED;
  const { failure } = verdict;
  const failures = stage.failures + 1;
  const ms = waitAfter(consumer, stage, failure);
  if (ms !== undefined) return { kind: 'wait', ms, stage: { ...stage, failures } };
  if (stage.at === 'dead-letter') return { kind: 'end', end: 'lost', cause: stage.cause };
  const { status, data } = failure;
  return afterFailure(consumer, { destination: destinationOf(consumer, stage)?.url ?? '', status, data });
}

function waitAfter({ delivery }: Consumer, stage: Stage, failure: Failure): number | undefined {
  const failures = stage.failures + 1;
  return stage.at === 'dead-letter'
    ? nextDeadLetterAttempt(delivery, failures, failure)
    : nextAttempt(delivery, failures, failure);
}

function afterFailure({ deadLetter }: Consumer, cause: Cause): Step {
  return deadLetter
    ? { kind: 'send', stage: { at: 'dead-letter', failures: 0, cause } }
    : { kind: 'end', end: 'failed', cause };
}
