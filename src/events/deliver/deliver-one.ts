// Delivers one event that is not on the event log, as a record of Kafka: the caller hears how it ended, and keeps its own position.

import type { Clock } from '#base/mod.ts';
import { sleep } from '#base/mod.ts';
import type { Consumer } from '../control.ts';
import type { CloudEvent } from '../event.ts';
import { httpCodec } from '../message.ts';
import type { End, Stage, Step } from './next-step.ts';
import { destinationOf, firstStep, nextStep } from './next-step.ts';
import { outgoing } from './outgoing.ts';
import type { GiveToken, Send } from './transfer.ts';
import { transferBy } from './transfer.ts';
import { verdictOfReceipt } from './verdict-of-answer.ts';

export interface LonePorts {
  readonly clock: Clock;
  readonly send: Send;
  readonly giveToken: GiveToken;
}

export interface LoneDelivery {
  readonly event: CloudEvent;
  /** Has no reply destination: of an answer only the status counts. */
  readonly consumer: Consumer;
  /** Cancels the delivery. */
  readonly signal: AbortSignal;
}

/** How it ended; `broken-off` where the signal came first. `why` is the last failure. */
export interface LoneEnd {
  readonly end: End | 'broken-off';
  readonly why?: string;
}

/** The timeout of an attempt where the delivery has none. */
const LONGEST_ATTEMPT_MS = 600_000;

/** Sends an event as often as its delivery says, and to its dead letter sink where that is of no use. Never rejects. */
export async function deliverOne(
  { clock, send, giveToken }: LonePorts,
  { event, consumer, signal }: LoneDelivery,
): Promise<LoneEnd> {
  const transfer = transferBy({ codec: httpCodec, send, giveToken, after: (ms, run) => clock.after(ms, run) });
  const letter = { event, headers: [], seenBy: () => event };
  let why: string | undefined;
  const attempt = async (stage: Stage): Promise<Step> => {
    const destination = destinationOf(consumer, stage);
    if (!destination) return { kind: 'end', end: 'failed' };
    const timeoutMs = consumer.delivery.timeoutMs ?? LONGEST_ATTEMPT_MS;
    const answer = await transfer(destination, outgoing(consumer, stage, letter), { timeoutMs, signal });
    const verdict = verdictOfReceipt(answer, clock.now());
    if (verdict.kind === 'failed')
      why = 'error' in answer ? answer.error : `${destination.url} answered ${answer.status}`;
    return nextStep(consumer, stage, verdict, []);
  };
  let step = firstStep(consumer, letter);
  while (step.kind !== 'end') {
    if (step.kind === 'wait') await sleep(clock, step.ms, signal).catch(() => undefined);
    if (signal.aborted) return { end: 'broken-off' };
    step = await attempt(step.stage);
  }
  if (signal.aborted && step.end !== 'delivered' && step.end !== 'dead-lettered') return { end: 'broken-off' };
  return { end: step.end, ...(why === undefined ? {} : { why }) };
}
