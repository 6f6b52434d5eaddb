// Values of flags, read from their text.

import { usage } from './failure.ts';

/** A whole number from 0. Throws a usage Failure that names the flag. */
export function whole(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || text.trim() === '')
    throw usage(`${flag} takes a whole number, but ${JSON.stringify(text)} was given`);
  return value;
}
