// What is refused in the traffic annotations that this platform adds.

import { FieldErrors } from '#machinery/mod.ts';
import { EXAMPLE_ANNOTATION } from '../labels.ts';
import type { TrafficTarget } from './traffic-target.ts';
import { INSTANCE_ROWS, ROUTE_ROWS, instanceSettings, routeSettings } from './traffic-settings.ts';

type Annotations = Readonly<Record<string, string>>;
type Rows = Readonly<Record<string, readonly [key: string, read: (text: string) => object]>>;

const keysOf = (rows: object): string[] => Object.values(rows as Rows).map(([key]) => key);

const OWN_PREFIX = 'ebb.dev/';
/** What users set, wherever it belongs, and what the platform notes itself. */
const ALL_KEYS = new Set([...keysOf(ROUTE_ROWS), ...keysOf(INSTANCE_ROWS), EXAMPLE_ANNOTATION]);

const OF_TEMPLATE = 'it must be put under "spec.template.metadata.annotations" to work';
const OF_ROUTE = 'it must be put under "metadata.annotations" of the Service or Route to work';

/** Checks the annotations of a Service or Route; paths are their keys. */
export function checkRouteSettings(annotations: Annotations = {}, traffic: readonly TrafficTarget[] = []): FieldErrors {
  const errors = checkRows(ROUTE_ROWS, annotations);
  misplaced(errors, INSTANCE_ROWS, annotations, OF_TEMPLATE);
  warnOfUnknown(errors, ROUTE_ROWS, annotations);
  const { rules = [], mirror } = routeSettings(annotations);
  const tags = new Set(traffic.map(({ tag }) => tag));
  const unknown = (key: string, tag: string) => {
    if (!tags.has(tag))
      errors.invalid(annotations[key], key, `no target of the traffic has tag ${JSON.stringify(tag)}`);
  };
  for (const { tag } of rules) unknown(ROUTE_ROWS.rules[0], tag);
  if (mirror) unknown(ROUTE_ROWS.mirror[0], mirror.tag);
  return errors;
}

/** Checks the annotations of a revision template; paths are their keys. */
export function checkInstanceSettings(annotations: Annotations, userPort: number): FieldErrors {
  const errors = checkRows(INSTANCE_ROWS, annotations);
  misplaced(errors, ROUTE_ROWS, annotations, OF_ROUTE);
  warnOfUnknown(errors, INSTANCE_ROWS, annotations);
  const [key] = INSTANCE_ROWS.ports;
  const { ports = [], queueFullStatus, maxQueue } = instanceSettings(annotations);
  if (ports.some(({ port }) => port === userPort))
    errors.invalid(annotations[key], key, `port ${userPort} is the one that requests go to anyway`);
  if (queueFullStatus !== undefined && maxQueue === undefined)
    errors.generic(`expected ${INSTANCE_ROWS.maxQueue[0]} beside it`, INSTANCE_ROWS.queueFullStatus[0]);
  return errors;
}

/** A key of this platform's own that it does not know does nothing: a slip of the pen, most likely. */
function warnOfUnknown(errors: FieldErrors, rows: object, annotations: Annotations): void {
  const known = keysOf(rows);
  for (const key of Object.keys(annotations)) {
    if (!key.startsWith(OWN_PREFIX) || ALL_KEYS.has(key)) continue;
    errors.warn(`unknown annotation ${JSON.stringify(key)} does nothing; known here are ${known.join(', ')}`, '');
  }
}

function checkRows(rows: object, annotations: Annotations): FieldErrors {
  const errors = new FieldErrors();
  for (const [key, read] of Object.values(rows as Rows)) {
    const text = annotations[key];
    const found = text === undefined ? {} : read(text);
    if ('fault' in found) errors.invalid(text, key, String(found.fault));
  }
  return errors;
}

function misplaced(errors: FieldErrors, rows: object, annotations: Annotations, details: string): void {
  for (const [key] of Object.values(rows as Rows))
    if (annotations[key] !== undefined) errors.invalidKey(key, '', details);
}
