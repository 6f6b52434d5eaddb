// What Knative refuses in every source: where its events go, and what it adds to them.

import type { WriteContext } from '#machinery/mod.ts';
import { FieldErrors } from '#machinery/mod.ts';
import { configOf } from '../config/of-context.ts';
import { eventingFeaturesConfig } from '../config/eventing-features.ts';
import type { Destination } from '../duck/destination.ts';
import { checkDestination } from '../duck/destination.ts';
import type { CeOverrides } from '../duck/source.ts';
import { checkCeOverrides } from '../duck/source.ts';

export interface SourceSpec {
  readonly sink?: Destination | undefined;
  readonly ceOverrides?: CeOverrides | undefined;
}

/** Checks the parts that all sources have; paths are relative to the spec. A source without a sink is told so. */
export function checkSource({ sink, ceOverrides }: SourceSpec, context: WriteContext): FieldErrors {
  const isGroupAllowed = configOf(context, eventingFeaturesConfig).isEnabled('kreference-group');
  return new FieldErrors()
    .merge(checkDestination(sink ?? {}, { isGroupAllowed }), 'sink')
    .merge(checkCeOverrides(ceOverrides));
}
