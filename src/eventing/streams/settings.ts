// Settings of delivery that are annotations: order, parallelism and start of a Trigger or Subscription; bounds of a Broker or channel.

import { parseDuration, parseQuantity } from '#base/mod.ts';
import type { Consumer, StreamRule } from '#events/mod.ts';
import {
  JOURNAL_ANNOTATION,
  KAFKA_ORDER_ANNOTATION,
  MAX_BACKLOG_ANNOTATION,
  ORDER_ANNOTATION,
  parsePoint,
  PARALLELISM_KEYS,
  PAUSED_ANNOTATION,
  RETENTION_ANNOTATION,
  RETENTION_BYTES_ANNOTATION,
  START_ANNOTATION,
} from '#kinds/mod.ts';

type Annotations = Readonly<Record<string, string>> | undefined;

/** How a consumer takes events. */
export function consumerSettings(
  annotations: Annotations = {},
): Pick<Consumer, 'order' | 'parallelism' | 'start' | 'paused'> {
  const order = orderOf(annotations);
  const parallelism = Number(PARALLELISM_KEYS.map((key) => annotations[key]).find((value) => value) ?? '');
  const start = startOf(annotations[START_ANNOTATION]);
  return {
    ...(order ? { order } : {}),
    ...(parallelism >= 1 ? { parallelism: Math.floor(parallelism) } : {}),
    ...(start ? { start } : {}),
    ...(annotations[PAUSED_ANNOTATION] === 'true' ? { paused: true } : {}),
  };
}

function orderOf(annotations: Readonly<Record<string, string>>): Consumer['order'] {
  const own = annotations[ORDER_ANNOTATION];
  if (own === 'ordered' || own === 'key' || own === 'unordered') return own;
  // Kafka keeps the order of a partition; of one that is all there is, that of all events.
  return annotations[KAFKA_ORDER_ANNOTATION] === 'ordered' ? 'ordered' : undefined;
}

/** `earliest`, `latest`, a time, or `offset:N`. */
function startOf(text: string | undefined): Consumer['start'] {
  if (text === 'earliest' || text === 'latest') return text;
  return parsePoint(text ?? '');
}

/** How long events stay, how many may wait, and whether their ways are noted. */
export function streamSettings(
  annotations: Annotations = {},
): Pick<StreamRule, 'retention' | 'maxBacklog' | 'journal'> {
  const ms = parseDuration(annotations[RETENTION_ANNOTATION] ?? '');
  const bytes = parseQuantity(annotations[RETENTION_BYTES_ANNOTATION] ?? '');
  const records = Number(annotations[MAX_BACKLOG_ANNOTATION] ?? '');
  const retention = { ...(ms ? { ms } : {}), ...(bytes === undefined ? {} : { bytes }) };
  return {
    ...(ms || bytes !== undefined ? { retention } : {}),
    ...(records >= 1 ? { maxBacklog: { records: Math.floor(records) } } : {}),
    ...(annotations[JOURNAL_ANNOTATION] === undefined ? {} : { journal: annotations[JOURNAL_ANNOTATION] === 'true' }),
  };
}
