// Filters of objects as the data plane takes them: what says nothing is left out, as Knative skips it.

import type { Filter } from '#events/mod.ts';
import type { SubscriptionsFilter } from '#kinds/mod.ts';

/** Filters that must all let an event through. */
export function filtersOf(filters: readonly SubscriptionsFilter[] | undefined): readonly Filter[] {
  return (filters ?? []).flatMap((filter) => filterOf(filter) ?? []);
}

/** What a Trigger lets through: its filters, or else the attributes of its older filter. */
export function triggerFilters({
  filter,
  filters,
}: {
  readonly filter?: { readonly attributes?: Readonly<Record<string, string>> | undefined } | undefined;
  readonly filters?: readonly SubscriptionsFilter[] | undefined;
}): readonly Filter[] {
  if (filters?.length) return filtersOf(filters);
  const attributes = filter?.attributes ?? {};
  return Object.keys(attributes).length > 0 ? [{ legacy: attributes }] : [];
}

/** Dialects in the order in which they count where there are several, which admission refuses. */
function filterOf({ exact, prefix, suffix, all, any, not, cesql }: SubscriptionsFilter): Filter | undefined {
  if (isSaid(exact)) return isWhole(exact) ? { exact } : undefined;
  if (isSaid(prefix)) return isWhole(prefix) ? { prefix } : undefined;
  if (isSaid(suffix)) return isWhole(suffix) ? { suffix } : undefined;
  if (all?.length) return listed(all, (filters) => ({ all: filters }));
  if (any?.length) return listed(any, (filters) => ({ any: filters }));
  if (not) {
    const inner = filterOf(not);
    return inner && { not: inner };
  }
  return cesql ? { cesql } : undefined;
}

function listed(filters: readonly SubscriptionsFilter[], make: (filters: readonly Filter[]) => Filter) {
  const said = filtersOf(filters);
  return said.length > 0 ? make(said) : undefined;
}

type Attributes = Readonly<Record<string, string>>;

const isSaid = (attributes: Attributes | undefined): attributes is Attributes =>
  attributes !== undefined && Object.keys(attributes).length > 0;

/** An attribute or value that is empty makes the whole element say nothing. */
const isWhole = (attributes: Attributes): boolean => Object.entries(attributes).every(([name, value]) => name && value);
