// What Kubernetes refuses in everything that stamps Pods: selectors that do not fit, and numbers below zero.

import { equal } from '#base/mod.ts';
import type { Problems } from '#machinery/mod.ts';
import { checkLabels, labelValue, matchesLabelSelector, qualifiedName } from '#machinery/mod.ts';
import { checkPodTemplate } from '../core/check-pod.ts';
import type { PodTemplateSpec } from '../core/pod-spec.ts';
import type { LabelSelector } from '../core/references.ts';
import { percentage } from '../name-rules.ts';

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** Checks a label selector; paths are relative to it. */
export function checkLabelSelector(problems: Problems, selector: LabelSelector): void {
  checkLabels(selector.matchLabels, problems, 'matchLabels');
  for (const [index, { key, operator, values = [] }] of (selector.matchExpressions ?? []).entries()) {
    const place = problems.under(`matchExpressions[${index}]`);
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) place.required('values', "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (!OPERATORS.includes(operator)) {
      place.invalid('operator', operator, 'not a valid selector operator');
    } else if (values.length > 0) {
      place.forbidden('values', "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    }
    for (const fault of qualifiedName(key)) place.invalid('key', key, fault);
    for (const [at, value] of values.entries()) {
      for (const fault of labelValue(value)) place.invalid(`values[${at}]`, value, fault);
    }
  }
}

interface Stamping {
  readonly selector: LabelSelector;
  readonly template: PodTemplateSpec;
}

/** Checks selector and template of a kind that keeps Pods running. `noun` as the message names it. */
export function checkStamping(problems: Problems, { selector, template }: Stamping, noun: string, kind: string): void {
  checkLabelSelector(problems.under('selector'), selector);
  const terms = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length;
  if (terms === 0) problems.invalid('selector', selector, `empty selector is invalid for ${noun}`);
  const place = problems.under('template');
  const labels = template.metadata?.labels ?? {};
  if (terms > 0 && !matchesLabelSelector(selector, labels)) {
    place.invalid('metadata.labels', template.metadata?.labels ?? null, '`selector` does not match template `labels`');
  }
  checkPodTemplate(place, template);
  if (template.spec.restartPolicy !== 'Always') {
    place.notSupported('spec.restartPolicy', template.spec.restartPolicy ?? '', ['Always']);
  }
  if (template.spec.activeDeadlineSeconds !== undefined) {
    place.forbidden('spec.activeDeadlineSeconds', `activeDeadlineSeconds in ${kind} is not Supported`);
  }
}

/** Refuses another selector than the one that was there before. */
export function checkSelectorKept(problems: Problems, { selector }: Stamping, before: Stamping | undefined): void {
  if (before && !equal(before.selector, selector)) problems.invalid('selector', selector, 'field is immutable');
}

/** Refuses numbers below zero. */
export function checkFromZero(problems: Problems, values: Readonly<Record<string, number | undefined>>): void {
  for (const [field, value] of Object.entries(values)) {
    if (value !== undefined && value < 0) problems.invalid(field, value, 'must be greater than or equal to 0');
  }
}

/** Checks a number from zero or a percentage. */
export function checkShare(problems: Problems, field: string, share: number | string): void {
  if (typeof share === 'number') return checkFromZero(problems, { [field]: share });
  for (const fault of percentage(share)) problems.invalid(field, share, fault);
}

/** The number before the percent sign, or the number itself. */
export function shareValue(share: number | string): number {
  return typeof share === 'number' ? share : Number.parseInt(share, 10);
}
