// What Knative refuses in the metadata of its kinds.

import { equal, parseDuration } from '#base/mod.ts';
import type { KubeObject, ObjectMeta, WriteContext } from '#machinery/mod.ts';
import { FieldErrors, dns1035Label } from '#machinery/mod.ts';
import { findAnnotation, isAutoscalingKey } from '../annotation.ts';
import { checkAutoscaling } from '../autoscaling/check-annotations.ts';
import { autoscalerConfig } from '../config/autoscaler.ts';
import { configOf } from '../config/of-context.ts';
import { CREATOR_ANNOTATION, LAST_MODIFIER_ANNOTATION, ROLLOUT_DURATION_KEYS } from '../labels.ts';
import { dns1035Prefix } from '../name-rules.ts';

/** Checks name and annotations where autoscaling settings belong (Revision, PodAutoscaler, Metric). */
export function checkScaledMetadata(metadata: ObjectMeta, context: WriteContext): FieldErrors {
  const errors = checkName(metadata);
  return errors.merge(checkAutoscaling(configOf(context, autoscalerConfig), metadata.annotations ?? {}), 'annotations');
}

const MISPLACED = 'autoscaling annotations must be put under "spec.template.metadata.annotations" to work';

/** Checks name and annotations where autoscaling settings would do nothing (Service, Configuration, Route). */
export function checkPlainMetadata(metadata: ObjectMeta): FieldErrors {
  const errors = checkName(metadata);
  for (const key of Object.keys(metadata.annotations ?? {})) {
    if (isAutoscalingKey(key)) errors.invalidKey(key, 'annotations', MISPLACED);
  }
  return errors;
}

/** Names must do as labels of a host name. */
function checkName({ name, generateName }: ObjectMeta): FieldErrors {
  const errors = new FieldErrors();
  const prefixFaults = generateName ? dns1035Prefix(generateName) : [];
  if (prefixFaults.length > 0)
    return errors.generic(`not a DNS 1035 label prefix: ${goList(prefixFaults)}`, 'generateName');
  const faults = name ? dns1035Label(name) : [];
  if (faults.length > 0) return errors.generic(`not a DNS 1035 label: ${goList(faults)}`, 'name');
  return name || generateName ? errors : errors.generic('name or generateName is required', 'name');
}

/** A list of sentences as Go prints it. */
export const goList = (texts: readonly string[]): string => `[${texts.join(' ')}]`;

/** Checks how long a rollout takes, which a Service or Route may say. */
export function checkRolloutDuration(metadata: ObjectMeta): FieldErrors {
  const found = findAnnotation(metadata.annotations, ROLLOUT_DURATION_KEYS);
  return checkWholeSeconds('rollout-duration', found);
}

/** Checks a duration of whole seconds, not negative; the path is its key. */
export function checkWholeSeconds(name: string, found: { key: string; value: string } | undefined): FieldErrors {
  const errors = new FieldErrors();
  if (!found?.value) return errors;
  const { key, value } = found;
  const ms = parseDuration(value);
  if (ms === undefined) return errors.invalid(value, key);
  if (ms % 1000) return errors.generic(`${name}=${value} is not at second precision`, key);
  return ms < 0 ? errors.generic(`${name}=${value} must be positive`, key) : errors;
}

/** Checks that a label naming an owner tells the truth. */
export function checkOwnerLabel({ labels, ownerReferences = [] }: ObjectMeta, key: string, kind: string): FieldErrors {
  const errors = new FieldErrors();
  const owner = labels?.[key];
  if (owner === undefined) return errors;
  const isOwned = ownerReferences.some((reference) => reference.kind === kind && reference.name === owner);
  return isOwned ? errors : errors.missing(key);
}

/** Checks that who made an object, and who changed it last, are not made up. Paths are the keys. */
export function checkCreator(now: KubeObject & { spec: unknown }, before: KubeObject & { spec: unknown }): FieldErrors {
  const errors = new FieldErrors();
  const [next, old] = [now.metadata.annotations ?? {}, before.metadata.annotations ?? {}];
  if (old[CREATOR_ANNOTATION] !== next[CREATOR_ANNOTATION]) {
    errors.generic('annotation value is immutable', CREATOR_ANNOTATION);
  }
  if (equal(before.spec, now.spec) && old[LAST_MODIFIER_ANNOTATION] !== next[LAST_MODIFIER_ANNOTATION]) {
    errors.invalid(next[LAST_MODIFIER_ANNOTATION] ?? '', LAST_MODIFIER_ANNOTATION);
  }
  return errors;
}

/** Whether nobody else made the object, so that it is the user's own. */
export const isUsersOwn = ({ metadata }: KubeObject): boolean => !metadata.ownerReferences?.length;
