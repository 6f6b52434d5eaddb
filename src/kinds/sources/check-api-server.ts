// What Knative refuses in an ApiServerSource: what it watches, and how it tells of it.

import type { WriteContext } from '#machinery/mod.ts';
import { FieldErrors } from '#machinery/mod.ts';
import { configOf } from '../config/of-context.ts';
import { eventingFeaturesConfig } from '../config/eventing-features.ts';
import type { SubscriptionsFilter } from '../eventing/filter.ts';
import { checkFilters } from '../eventing/filter.ts';

interface TypeMeta {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
}

/** Checks the kinds that are watched; paths are relative to the spec. */
export function checkResources(resources: readonly TypeMeta[] | undefined, owner: TypeMeta | undefined): FieldErrors {
  const errors = new FieldErrors();
  if (!resources?.length) errors.missing('resources');
  for (const [i, resource] of (resources ?? []).entries()) errors.merge(checkType(resource), `resources[${i}]`);
  return owner ? errors.merge(checkType(owner), 'owner') : errors;
}

function checkType({ apiVersion = '', kind = '' }: TypeMeta): FieldErrors {
  const errors = new FieldErrors();
  // Go reads a group and version of any text with at most one slash.
  if (apiVersion.split('/').length > 2) errors.invalid(apiVersion, 'apiVersion');
  if (kind.trim() === '') errors.missing('kind');
  return errors;
}

/** Checks which events pass; paths are relative to the spec. */
export function checkSourceFilters(
  filters: readonly SubscriptionsFilter[] | undefined,
  context: WriteContext,
): FieldErrors {
  const errors = new FieldErrors();
  if (!filters?.length) return errors;
  if (configOf(context, eventingFeaturesConfig).isEnabled('new-apiserversource-filters'))
    return errors.merge(checkFilters(filters), 'filters');
  return errors.generic('Filters is not empty but the NewAPIServerFilters feature is disabled.');
}
