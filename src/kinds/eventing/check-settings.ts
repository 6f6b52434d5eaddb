// What is refused in the annotations by which this platform, Kafka's and RabbitMQ's Brokers have delivery set.

import { parseDuration, parseQuantity } from '#base/mod.ts';
import type { ObjectMeta } from '#machinery/mod.ts';
import { FieldErrors } from '#machinery/mod.ts';
import {
  JOURNAL_ANNOTATION,
  KAFKA_ORDER_ANNOTATION,
  MAX_BACKLOG_ANNOTATION,
  ORDER_ANNOTATION,
  PARALLELISM_KEYS,
  PAUSED_ANNOTATION,
  RETENTION_ANNOTATION,
  RETENTION_BYTES_ANNOTATION,
  START_ANNOTATION,
} from './labels.ts';
import { parsePoint } from './journal.ts';

interface Rule {
  readonly keys: readonly string[];
  readonly expected: string;
  fits(text: string): boolean;
}

const oneOf = (...words: string[]): Pick<Rule, 'expected' | 'fits'> => ({
  expected: `expected ${words.join(' or ')}`,
  fits: (text) => words.includes(text),
});
const wholeUpTo = (most: number): Pick<Rule, 'expected' | 'fits'> => ({
  expected: `expected a whole number from 1 to ${most}`,
  fits: (text) => /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= most,
});

const CONSUMER_RULES: readonly Rule[] = [
  { keys: [ORDER_ANNOTATION], ...oneOf('unordered', 'ordered', 'key') },
  { keys: [KAFKA_ORDER_ANNOTATION], ...oneOf('unordered', 'ordered') },
  { keys: PARALLELISM_KEYS, ...wholeUpTo(1000) },
  { keys: [PAUSED_ANNOTATION], ...oneOf('true', 'false') },
  {
    keys: [START_ANNOTATION],
    expected: 'expected latest, earliest, offset:N, or a time as 2026-01-02T15:04:05Z',
    fits: (text) => text === 'latest' || text === 'earliest' || parsePoint(text) !== undefined,
  },
];

const STREAM_RULES: readonly Rule[] = [
  {
    keys: [RETENTION_ANNOTATION],
    expected: 'expected a duration as 24h',
    fits: (text) => (parseDuration(text) ?? 0) > 0,
  },
  {
    keys: [RETENTION_BYTES_ANNOTATION],
    expected: 'expected an amount of bytes as 1Gi',
    fits: (text) => (parseQuantity(text) ?? 0) >= 1,
  },
  { keys: [MAX_BACKLOG_ANNOTATION], ...wholeUpTo(1_000_000_000) },
  { keys: [JOURNAL_ANNOTATION], ...oneOf('true', 'false') },
];

/** Checks how a Trigger or Subscription takes events. */
export const checkConsumerSettings = (metadata: ObjectMeta): FieldErrors => checkRules(metadata, CONSUMER_RULES);

/** Checks how a Broker or channel keeps them. */
export const checkStreamSettings = (metadata: ObjectMeta): FieldErrors => checkRules(metadata, STREAM_RULES);

function checkRules({ annotations = {} }: ObjectMeta, rules: readonly Rule[]): FieldErrors {
  const errors = new FieldErrors();
  for (const { keys, expected, fits } of rules)
    for (const key of keys) {
      const text = annotations[key];
      if (text !== undefined && !fits(text)) errors.invalid(text, `metadata.annotations[${key}]`, expected);
    }
  return errors;
}
