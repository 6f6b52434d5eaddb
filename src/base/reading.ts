// Reading what somebody wrote as text: the value, or what is wrong with it.

import { parseDuration } from './duration.ts';
import { HOUR_MS, SECOND_MS } from './time-spans.ts';

/** What a text says, or what is wrong with it. */
export type Read<T> = { readonly value: T } | { readonly fault: string };

/** Reads a whole number without sign. */
export function numberBetween(least: number, most: number): (text: string) => Read<number> {
  return (text) => {
    const value = /^[0-9]{1,6}$/.test(text) ? Number(text) : Infinity;
    return value >= least && value <= most ? { value } : { fault: `expected a number from ${least} to ${most}` };
  };
}

/** Reads a duration as Go writes it; in milliseconds. */
export function durationBetween(least: number, most: number): (text: string) => Read<number> {
  return (text) => {
    const value = parseDuration(text);
    if (value !== undefined && value >= least && value <= most) return { value };
    return { fault: `expected a duration from ${least / SECOND_MS}s to ${most / HOUR_MS}h, such as "30s"` };
  };
}
