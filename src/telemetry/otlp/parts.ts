// What metrics and spans share in OTLP: attributes, the resource, the scope, time (opentelemetry-proto, common and resource v1).

import { Message } from './message.ts';

/** Who tells. */
export interface Resource {
  readonly 'service.name': string;
  readonly 'service.version': string;
  readonly 'service.instance.id': string;
  readonly 'k8s.namespace.name': string;
}

export type AttributeValue = string | number | boolean;
export type Attributes = Readonly<Record<string, AttributeValue>>;

const SCOPE = 'ebb';

/** Attributes that are numbers by OpenTelemetry's conventions though a label is always text. */
const NUMBERS = new Set(['http.response.status_code', 'server.port', 'http.request.resend_count']);

/** The same with the types the conventions have. */
export function typed(labels: Readonly<Record<string, string>>): Attributes {
  return Object.fromEntries(
    Object.entries(labels).map(([key, value]) => [key, NUMBERS.has(key) ? Number(value) : value]),
  );
}

export function addAttributes(to: Message, field: number, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes))
    to.message(field, (pair) => pair.text(1, key).message(2, (inner) => addValue(inner, value)));
}

/** In a choice of several fields the one that is set is written even where it holds its default. */
function addValue(to: Message, value: AttributeValue): void {
  if (typeof value === 'string') to.chosenText(1, value);
  else if (typeof value === 'boolean') to.chosenInt(2, value);
  else if (Number.isInteger(value)) to.chosenInt(3, value);
  else to.double(4, value);
}

/** Resource, then one scope with everything in it: the three levels that both signals have. `write` writes one as field 2. */
export function underResource<T>(
  resource: Resource,
  items: readonly T[],
  write: (to: Message, item: T) => void,
): Uint8Array {
  return new Message()
    .message(1, (whole) =>
      whole
        .message(1, (who) => addAttributes(who, 1, { ...resource }))
        .message(2, (scoped) => {
          scoped.message(1, (scope) => scope.text(1, SCOPE).text(2, resource['service.version']));
          for (const item of items) scoped.message(2, (one) => write(one, item));
        }),
    )
    .done();
}

/** Wall time in milliseconds as nanoseconds; microseconds are as exact as a number can be. */
export function nanos(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n;
}
