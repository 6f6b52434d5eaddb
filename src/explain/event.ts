// What became of an event: from its story in the journal to words. Pure.

import type { DeliveryAttempt, EventFate, EventStory, FilterVerdict, JournalConsumer } from '#kinds/mod.ts';

/** One line, and how its news is. */
export interface Said {
  readonly text: string;
  readonly tone: 'good' | 'bad' | 'open' | 'plain';
}

/** The event itself, then each consumer: whether it wanted the event and why, each attempt, and where it ended. */
export function whyEvent(story: EventStory, where: string): Said[] {
  const all = consumersOf(story);
  return [
    plain(headline(story, where)),
    ...(story.journal ? [] : [plain(WITHOUT_JOURNAL)]),
    ...(all.length === 0 ? [{ text: '', tone: 'plain' } as const, plain(NOBODY)] : []),
    ...all.flatMap((consumer) => [plain(''), ...aboutConsumer(story, consumer)]),
  ];
}

const WITHOUT_JOURNAL =
  'What was done with it was not noted: the journal is off. The annotation ebb.dev/journal=true switches it on.';
const NOBODY = 'Nobody takes events here: there is no Trigger or Subscription.';

const plain = (text: string): Said => ({ text, tone: 'plain' });

function headline({ attributes, time, offset, bytes }: EventStory, where: string): string {
  const { id = '', type = '', source = '' } = attributes;
  return `Event ${id} (${type} from ${source}) came to ${where} at ${time}, as offset ${offset}, ${bytes} bytes.`;
}

interface Consumer {
  readonly consumer: JournalConsumer;
  readonly verdict?: FilterVerdict | undefined;
  readonly fate?: EventFate | undefined;
  readonly attempts: readonly DeliveryAttempt[];
}

/** Everybody of whom something is known: those who got it first. */
function consumersOf({ verdicts, fates, attempts }: EventStory): Consumer[] {
  const known = new Map<string, JournalConsumer>();
  for (const { consumer } of [...fates, ...verdicts, ...attempts]) known.set(consumer.uid, consumer);
  return [...known]
    .map(([uid, consumer]) => ({
      consumer,
      verdict: verdicts.find((one) => one.consumer.uid === uid)?.verdict,
      fate: fates.find((one) => one.consumer.uid === uid),
      attempts: attempts.filter((one) => one.consumer.uid === uid),
    }))
    .toSorted((a, b) => rank(a) - rank(b) || (a.consumer.name < b.consumer.name ? -1 : 1));
}

const rank = ({ fate, verdict }: Consumer): number => (fate ? 0 : verdict?.result === 'fail' ? 2 : 1);

function aboutConsumer(story: EventStory, one: Consumer): Said[] {
  const { text, tone } = verdictOn(story, one);
  return [
    { text: `${consumerName(one.consumer)} ${text}`, tone },
    ...clauses(one.verdict),
    ...one.attempts.map((attempt, i) => attemptLine(attempt, i + 1)),
    ...advice(one.attempts),
  ];
}

const ADVICE =
  'What takes events should return nothing, or an event: with the headers Ce-Specversion, Ce-Id, Ce-Type and Ce-Source.';

/** What to do about a subscriber that answers well, and with what is no event. */
function advice(attempts: readonly DeliveryAttempt[]): Said[] {
  const last = at(attempts, 'subscriber').at(-1);
  return last && isGood(last.status) && last.reason !== undefined ? [plain(`${INDENT}${ADVICE}`)] : [];
}

/** `Trigger audit`. */
export function consumerName({ kind, name }: JournalConsumer): string {
  return kind ? `${kind} ${name}` : `Somebody who is gone (${name})`;
}

function verdictOn(story: EventStory, { fate, verdict, attempts }: Consumer): Said {
  if (!fate) return withoutFate(story, verdict);
  switch (fate.state) {
    case 'delivered':
      return { text: `has it: ${delivered(attempts)}${since(story, attempts)}.`, tone: 'good' };
    case 'dead-lettered':
      return { text: `${refusal(attempts)}: the dead letter sink has it.`, tone: 'bad' };
    case 'lost':
      return { text: `${refusal(attempts)}, nor did its dead letter sink.`, tone: 'bad' };
    case 'failed':
      return { text: `${refusal(attempts)}, and there is no dead letter sink.`, tone: 'bad' };
    default:
      return { text: underWay(attempts), tone: 'open' };
  }
}

const at = (attempts: readonly DeliveryAttempt[], stage: DeliveryAttempt['at']): DeliveryAttempt[] =>
  attempts.filter((attempt) => attempt.at === stage);

function delivered(attempts: readonly DeliveryAttempt[]): string {
  const count = at(attempts, 'subscriber').length;
  const how = count <= 1 ? 'delivered' : `delivered after ${count} attempts`;
  return at(attempts, 'reply').length > 0 ? `${how}, and its reply too` : how;
}

/** What was not taken: the event itself, or the reply to it. */
function refusal(attempts: readonly DeliveryAttempt[]): string {
  const replies = at(attempts, 'reply');
  const tries = replies.length > 0 ? replies : at(attempts, 'subscriber');
  const count = `${times(tries.length)} (${whyOf(tries.at(-1))})`;
  return replies.length > 0 ? `has it, but its reply was not taken in ${count}` : `did not take it in ${count}`;
}

function withoutFate({ journal }: EventStory, verdict: FilterVerdict | undefined): Said {
  if (verdict?.result === 'fail') return { text: 'did not want it:', tone: 'plain' };
  const why = journal
    ? 'nothing was sent: it came before this consumer began, or before the journal was switched on'
    : 'it was not noted whether it got it';
  return { text: `would take it now, and ${why}.`, tone: 'plain' };
}

function underWay(attempts: readonly DeliveryAttempt[]): string {
  const last = attempts.at(-1);
  if (!last) return 'is to have it: it waits, or is being sent for the first time.';
  const then = last.next.kind === 'wait' ? `, tried again ${later(last.next.ms, 'after that')}` : '';
  return `is to have it: ${times(attempts.length)} so far, the last one at ${clockOf(last.time)} (${whyOf(last)})${then}.`;
}

const times = (count: number): string => `${count} attempt${count === 1 ? '' : 's'}`;

function since({ time }: EventStory, attempts: readonly DeliveryAttempt[]): string {
  const last = attempts.at(-1);
  if (!last) return '';
  const ms = Date.parse(last.time) + last.tookMs - Date.parse(time);
  return ms < 0 ? '' : `, ${period(ms)} after it came`;
}

const INDENT = '    ';

/** The clauses of its filters with what each says; the outermost "all of" goes without saying. */
function clauses(verdict: FilterVerdict | undefined): Said[] {
  if (!verdict) return [];
  const parts = verdict.parts ?? [];
  if (verdict.clause === 'all of' && parts.length === 0) return [plain(`${INDENT}no filter: it takes every event`)];
  return verdict.clause === 'all of' ? parts.flatMap((part) => clauseLines(part, 0)) : clauseLines(verdict, 0);
}

const TONES = { pass: 'good', fail: 'bad', none: 'plain' } as const;

function clauseLines({ result, clause, met, parts = [] }: FilterVerdict, depth: number): Said[] {
  const found = met === undefined ? '' : `, met ${met}`;
  return [
    { text: `${INDENT}${result}  ${'  '.repeat(depth)}${clause}${found}`, tone: TONES[result] },
    ...parts.flatMap((part) => clauseLines(part, depth + 1)),
  ];
}

const STAGES = { subscriber: '', reply: 'its reply ', 'dead-letter': 'the dead letter ' } as const;

function attemptLine(attempt: DeliveryAttempt, number: number): Said {
  const { destination, time, tookMs, reason } = attempt;
  const to = `${attempt.isRedrive ? 'again by hand, ' : ''}${STAGES[attempt.at]}to ${destination}`;
  const why = reason === undefined ? '' : `: ${reason}`;
  const how = `${answerOf(attempt)} after ${period(tookMs)}${why}${followed(attempt)}`;
  return { text: `${INDENT}${number}. ${clockOf(time)} ${to}: ${how}`, tone: isTaken(attempt) ? 'good' : 'bad' };
}

const isGood = (status: number | undefined): boolean => status !== undefined && status >= 200 && status < 300;

/** A good status is not all: the answer may be one that counts as failed. */
const isTaken = ({ status, reason }: DeliveryAttempt): boolean => isGood(status) && reason === undefined;

function followed(attempt: DeliveryAttempt): string {
  const { next, at: stage } = attempt;
  if (next.kind === 'wait') return `; tried again ${later(next.ms, 'later')}`;
  if (next.kind === 'end') return '';
  return stage === 'subscriber' && isTaken(attempt) ? '; it replied' : '; given up';
}

function answerOf(answer: Pick<DeliveryAttempt, 'status' | 'error'> | undefined): string {
  return answer?.status === undefined ? (answer?.error ?? 'no answer') : String(answer.status);
}

/** Its answer, and the reason where there is one. */
function whyOf(attempt: DeliveryAttempt | undefined): string {
  const answer = answerOf(attempt);
  return attempt?.reason === undefined ? answer : `${answer}: ${attempt.reason}`;
}

const later = (ms: number, word: string): string => (ms === 0 ? 'at once' : `${period(ms)} ${word}`);

/** The time of day, with milliseconds. */
const clockOf = (time: string): string => time.slice(11, 23);

/** `12 ms`, `1.2 s`, `3 min`. */
function period(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}
