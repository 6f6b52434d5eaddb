// Filters as deliveries ask for them: one consumer's, and all consumers' at once.

import type { Functions } from '#cesql/mod.ts';
import type { Filtering } from './deliver/ports.ts';
import { compileFilters } from './filter/compile.ts';
import { FilterIndex } from './filter/filter-index.ts';

/** `functions`: those that CESQL expressions may call, where they are more than its own. */
export function filteringWith(functions?: Functions): Filtering {
  return {
    sieve: (filters) => compileFilters(filters, functions),
    sorter: () => new FilterIndex(functions),
  };
}

export const filtering: Filtering = filteringWith();
