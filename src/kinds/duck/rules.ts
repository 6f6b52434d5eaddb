// Which rules hold for the references of an object, by the features that are switched on.

import type { WriteContext } from '#machinery/mod.ts';
import type { EventingFeatures } from '../config/eventing-features.ts';
import { eventingFeaturesConfig } from '../config/eventing-features.ts';
import { configOf } from '../config/of-context.ts';
import type { ReferenceRules } from './reference.ts';

/** The features of Eventing as they are at a write. */
export function eventingFeatures(context: Pick<WriteContext, 'config'>): EventingFeatures {
  return configOf(context, eventingFeaturesConfig);
}

/** The rules for references; `within` a namespace where they must not lead out of it. */
export function referenceRules(features: EventingFeatures, within?: string): ReferenceRules {
  return { isGroupAllowed: features.isEnabled('kreference-group'), within };
}
