// What Knative refuses in a Trigger beside its filters and destinations.

import { isRecord, messageOf } from '#base/mod.ts';
import type { ObjectMeta } from '#machinery/mod.ts';
import { FieldErrors } from '#machinery/mod.ts';
import type { EventingFeatures } from '../config/eventing-features.ts';
import type { KReference } from '../duck/reference.ts';
import { DEPENDENCY_ANNOTATION, INJECTION_ANNOTATION } from './labels.ts';

/** Why a reference may not name a namespace. */
export const NEAR_ONLY =
  'only name, apiVersion and kind are supported fields when feature.CrossNamespaceEventLinks is disabled';

/** Checks which Broker a Trigger names; paths are relative to the spec. */
export function checkBrokerOf(
  { broker, brokerRef }: { readonly broker?: string | undefined; readonly brokerRef?: KReference | undefined },
  features: EventingFeatures,
): FieldErrors {
  const errors = new FieldErrors();
  if (!broker && !brokerRef) errors.missing('broker');
  if (broker && brokerRef) errors.generic('expected exactly one, got both', 'broker', 'brokerRef');
  if (brokerRef?.namespace && !features.isEnabled('cross-namespace-event-links'))
    errors.add({ message: 'must not set the field(s)', paths: ['namespace'], details: NEAR_ONLY });
  return errors;
}

/** Checks the annotations that mean something on a Trigger. */
export function checkTriggerAnnotations({ annotations = {}, namespace = '' }: ObjectMeta, broker: string): FieldErrors {
  const errors = new FieldErrors();
  const dependency = annotations[DEPENDENCY_ANNOTATION];
  if (dependency !== undefined)
    errors.merge(checkDependency(dependency, namespace), `metadata.annotations[${DEPENDENCY_ANNOTATION}]`);
  const injection = annotations[INJECTION_ANNOTATION];
  const fault = injection === undefined ? undefined : injectionFault(injection, broker);
  return fault ? errors.generic(fault, `metadata.annotations[${INJECTION_ANNOTATION}]`) : errors;
}

/** The object that a Trigger waits for. */
export interface Dependency {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** Reads the annotation with an object reference. Throws an Error that says what is wrong with it. */
export function readDependency(annotation: string): Dependency {
  const found: unknown = JSON.parse(annotation);
  if (!isRecord(found)) throw new Error(`expected an object, but it is ${JSON.stringify(found)}`);
  const text = (key: string): string | undefined => {
    const value = found[key];
    if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
    throw new Error(`expected a text as ${key}, but it is ${JSON.stringify(value)}`);
  };
  return { apiVersion: text('apiVersion'), kind: text('kind'), namespace: text('namespace'), name: text('name') };
}

function checkDependency(annotation: string, own: string): FieldErrors {
  const errors = new FieldErrors();
  try {
    const { apiVersion, kind, namespace, name } = readDependency(annotation);
    if (namespace && namespace !== own)
      errors.generic(`Namespace must be empty or equal to the trigger namespace ${JSON.stringify(own)}`, 'namespace');
    if (!kind) errors.missing('kind');
    if (!name) errors.missing('name');
    if (!apiVersion) errors.missing('apiVersion');
  } catch (thrown) {
    errors.add({
      message: `The provided annotation was not a corev1.ObjectReference: ${JSON.stringify(annotation)}`,
      paths: [''],
      details: messageOf(thrown),
    });
  }
  return errors;
}

function injectionFault(value: string, broker: string): string | undefined {
  if (value !== 'enabled' && value !== 'disabled')
    return `The provided injection annotation value can only be "enabled" or "disabled", not ${JSON.stringify(value)}`;
  if (broker === 'default') return undefined;
  return `The provided injection annotation is only used for default broker, but non-default broker specified here: ${JSON.stringify(broker)}`;
}
