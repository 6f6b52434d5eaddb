// What Knative refuses in a revision template, and in the spec of a Revision.

import { parseQuantity } from '#base/mod.ts';
import type { ObjectMeta, TemplateMeta, WriteContext } from '#machinery/mod.ts';
import { FieldErrors, dns1035Label } from '#machinery/mod.ts';
import { findAnnotation } from '../annotation.ts';
import { checkAutoscaling } from '../autoscaling/check-annotations.ts';
import { autoscalerConfig } from '../config/autoscaler.ts';
import { defaultsConfig } from '../config/defaults.ts';
import { featuresConfig } from '../config/features.ts';
import { configOf } from '../config/of-context.ts';
import { DEFAULT_USER_PORT, PROGRESS_DEADLINE_ANNOTATION } from '../labels.ts';
import { dns1035Prefix } from '../name-rules.ts';
import { checkNetworkingKeys } from '../networking/check-annotations.ts';
import { templateChanges } from './changes.ts';
import { checkWholeSeconds, goList } from './check-metadata.ts';
import { checkPodSpec } from './check-pod-spec.ts';
import { checkInstanceSettings } from './check-settings.ts';
import type { RevisionSpec, RevisionTemplate } from './revision-spec.ts';

/** Checks a template; paths are relative to it. `parent` is the metadata of the object that has it. */
export function checkTemplate(template: RevisionTemplate, parent: ObjectMeta, context: WriteContext): FieldErrors {
  const errors = new FieldErrors();
  const metadata: TemplateMeta = template.metadata ?? {};
  const annotations = metadata.annotations ?? {};
  errors.merge(checkRevisionSpec(template.spec, context), 'spec');
  const place = 'metadata.annotations';
  errors.merge(checkAutoscaling(configOf(context, autoscalerConfig), annotations), place);
  errors.merge(checkNetworkingKeys(annotations), place);
  errors.merge(checkInstanceSettings(annotations, userPortOf(template.spec)), place);
  errors.merge(checkRevisionName(metadata, parent));
  errors.merge(checkSidecarResources(annotations), place);
  const deadline = findAnnotation(annotations, [PROGRESS_DEADLINE_ANNOTATION]);
  return errors.merge(checkWholeSeconds('progress-deadline', deadline), place);
}

/** Where requests go in a revision's container. */
export function userPortOf({ containers }: RevisionSpec): number {
  return containers?.flatMap(({ ports = [] }) => ports)[0]?.containerPort || DEFAULT_USER_PORT;
}

/** Checks the spec of a revision; paths are relative to it. */
export function checkRevisionSpec(spec: RevisionSpec, context: WriteContext): FieldErrors {
  const errors = checkPodSpec(spec, configOf(context, featuresConfig));
  const max = configOf(context, defaultsConfig).maxRevisionTimeoutSeconds;
  const timeout = spec.timeoutSeconds ?? 0;
  if (timeout < 0 || timeout > max) errors.outOfBounds(timeout, 0, max, 'timeoutSeconds');
  return errors.merge(checkConcurrency(spec.containerConcurrency, context), 'containerConcurrency');
}

/** Checks how many requests at once an instance may hold. */
export function checkConcurrency(concurrency: number | undefined, context: WriteContext): FieldErrors {
  const errors = new FieldErrors();
  if (concurrency === undefined) return errors;
  const { allowContainerConcurrencyZero, containerConcurrencyMaxLimit: max } = configOf(context, defaultsConfig);
  const min = allowContainerConcurrencyZero ? 0 : 1;
  return concurrency < min || concurrency > max ? errors.outOfBounds(concurrency, min, max, '') : errors;
}

/** A name the user brings begins with the name of its parent. */
function checkRevisionName(metadata: TemplateMeta, parent: ObjectMeta): FieldErrors {
  const errors = new FieldErrors();
  const { name } = metadata;
  const generateName = metadata['generateName'];
  if (typeof generateName === 'string' && generateName) {
    const faults = dns1035Prefix(generateName);
    if (faults.length > 0) {
      return errors.invalid(`not a DNS 1035 label prefix: ${goList(faults)}`, 'metadata.generateName');
    }
  }
  if (!name) return errors;
  const faults = dns1035Label(name);
  if (faults.length > 0) return errors.invalid(`not a DNS 1035 label: ${goList(faults)}`, 'metadata.name');
  if (!parent.name && parent.generateName) return errors.disallowed('metadata.name');
  const prefix = `${parent.name ?? ''}-`;
  if (name.startsWith(prefix)) return errors;
  return errors.invalid(`${JSON.stringify(name)} must have prefix ${JSON.stringify(prefix)}`, 'metadata.name');
}

const SIDECAR = 'queue.sidecar.serving.knative.dev/';
const SIDECAR_AMOUNTS = [
  'cpu-resource-request',
  'cpu-resource-limit',
  'memory-resource-request',
  'memory-resource-limit',
  'ephemeral-storage-resource-request',
  'ephemeral-storage-resource-limit',
];
const PERCENTAGE_IS_OLD =
  'Queue proxy resource percentage annotation is deprecated. Please use the available annotations to explicitly set resource values per service';

function checkSidecarResources(annotations: Readonly<Record<string, string>>): FieldErrors {
  const errors = new FieldErrors();
  const share = findAnnotation(annotations, [`${SIDECAR}resource-percentage`, `${SIDECAR}resourcePercentage`]);
  if (share) {
    errors.warn(PERCENTAGE_IS_OLD, `[${share.key}]`);
    const value = Number(share.value);
    if (share.value.trim() === '' || Number.isNaN(value)) errors.invalid(share.value, `[${share.key}]`);
    else if (value < 0.1 || value > 100) errors.outOfBounds(value, 0.1, 100, `[${share.key}]`);
  }
  for (const name of SIDECAR_AMOUNTS) {
    const key = `${SIDECAR}${name}`;
    const amount = annotations[key];
    if (amount !== undefined && parseQuantity(amount) === undefined) errors.invalid(amount, `[${key}]`);
  }
  return errors;
}

/** Checks that a template the user named gets a new name with every change. */
export function checkNameChange(now: RevisionTemplate, before: RevisionTemplate): FieldErrors {
  const errors = new FieldErrors();
  const name = now.metadata?.name;
  if (!name || name !== before.metadata?.name) return errors;
  const details = templateChanges(before, now);
  if (!details) return errors;
  const message = 'Saw the following changes without a name change (-old +new)';
  return errors.add({ message, paths: ['metadata.name'], details });
}
