// What Knative refuses in the traffic of a Route or a Service.

import { FieldErrors, dns1035Label, qualifiedName } from '#machinery/mod.ts';
import { goList } from './check-metadata.ts';
import { trafficInGoForm } from './go-form.ts';
import type { TrafficTarget } from './traffic-target.ts';

/** Fills in what a target says only by what it leaves out. */
export function defaultTraffic(traffic: readonly TrafficTarget[] | undefined): void {
  trafficInGoForm(traffic);
  for (const target of traffic ?? []) {
    target.latestRevision ??= !target.revisionName;
    target.percent ??= 0;
  }
}

/** Checks targets; paths begin with their index. In a Service the configuration is its own, and may not be named. */
export function checkTraffic(traffic: readonly TrafficTarget[], isService: boolean): FieldErrors {
  const errors = new FieldErrors();
  const tags = new Map<string, number>();
  for (const [index, target] of traffic.entries()) {
    errors.merge(checkTarget(target, isService), `[${index}]`);
    const { tag } = target;
    if (!tag) continue;
    const faults = dns1035Label(tag);
    if (faults.length > 0) errors.invalid(`not a DNS 1035 label: ${goList(faults)}`, `tag[${index}]`);
    const first = tags.get(tag);
    if (first === undefined) tags.set(tag, index);
    else errors.generic(`Multiple definitions for ${JSON.stringify(tag)}`, `[${index}].tag`, `[${first}].tag`);
  }
  const sum = traffic.reduce((total, { percent = 0 }) => total + percent, 0);
  return sum === 100 ? errors : errors.generic(`Traffic targets sum to ${sum}, want 100`, '');
}

function checkTarget(target: TrafficTarget, isService: boolean): FieldErrors {
  const errors = new FieldErrors();
  const { revisionName = '', latestRevision, percent, url } = target;
  if (latestRevision !== undefined && (revisionName !== '') === latestRevision) {
    const told = `may not set revisionName ${JSON.stringify(revisionName)} when latestRevision is ${latestRevision}`;
    errors.generic(told, 'latestRevision');
  }
  checkNames(errors, target, isService);
  if (percent !== undefined && (percent < 0 || percent > 100)) errors.outOfBounds(percent, 0, 100, 'percent');
  if (url) errors.disallowed('url');
  return errors;
}

function checkNames(errors: FieldErrors, target: TrafficTarget, isService: boolean): void {
  const { revisionName, configurationName } = target;
  if (isService && configurationName) errors.disallowed('configurationName');
  else if (revisionName && configurationName) {
    errors.generic('expected exactly one, got both', 'revisionName', 'configurationName');
  } else if (revisionName) {
    checkName(errors, revisionName, 'revisionName');
  } else if (configurationName) {
    checkName(errors, configurationName, 'configurationName');
  } else if (!isService) {
    errors.generic('expected exactly one, got neither', 'revisionName', 'configurationName');
  }
}

function checkName(errors: FieldErrors, name: string, field: string): void {
  const faults = qualifiedName(name);
  if (faults.length > 0) errors.invalidKey(name, field, faults.join(', '));
}
