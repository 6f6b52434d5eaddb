// How often an event may yet pass a Broker (`knativebrokerttl`), so that replies in a circle come to an end. Pure.

import type { AttributeValue, CloudEvent } from './event.ts';

export const TTL_ATTRIBUTE = 'knativebrokerttl';
const FIRST_TTL = 255;

/** What is left when a Broker takes an event: one less than it carries, all of it where it carries none. At 0 it goes no further. */
export function ttlOnArrival({ attributes }: CloudEvent): number {
  const carried = integerOf(attributes.get(TTL_ATTRIBUTE));
  return carried === undefined ? FIRST_TTL : Math.max(0, carried - 1);
}

function integerOf(value: AttributeValue | undefined): number | undefined {
  const number = typeof value === 'string' && /^[+-]?[0-9]+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Math.abs(number) < 2 ** 31 ? number : undefined;
}
