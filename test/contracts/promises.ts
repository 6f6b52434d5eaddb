// Promises of a contract, and the homes that cannot keep some of them.

import { test } from 'vitest';

/** By the words of a promise: why a home does not keep it. One that is kept after all fails. */
export type Exceptions = Readonly<Record<string, string>>;

/** `test`, for a home with exceptions. */
export function promises(exceptions: Exceptions = {}): (words: string, check: () => Promise<void>) => void {
  return (words, check) => {
    const reason = exceptions[words];
    if (reason === undefined) test(words, check);
    else test.fails(`${words} (not here: ${reason})`, check);
  };
}
