// The object that a Trigger waits for, as its annotation names it.

import { messageOf } from '#base/mod.ts';
import type { Reader } from '#engine/mod.ts';
import type { Dependency } from '#kinds/mod.ts';
import { allKinds, DEPENDENCY_ANNOTATION, readDependency } from '#kinds/mod.ts';
import type { Conditioned, Kind, KubeObject, Marker } from '#machinery/mod.ts';
import { findCondition, splitApiVersion } from '#machinery/mod.ts';

const CONDITION = 'DependencyReady';

/** Kinds that a Trigger may wait for: those that have conditions. */
export const dependableKinds: readonly Kind[] = allKinds.filter(({ conditions }) => conditions !== undefined);

/** The reference in the annotation; undefined where there is none, or none that can be read. */
export function dependencyOf({ metadata }: KubeObject): Dependency | undefined {
  const annotation = metadata.annotations?.[DEPENDENCY_ANNOTATION];
  try {
    return annotation === undefined ? undefined : readDependency(annotation);
  } catch {
    return undefined;
  }
}

/** Says whether what a Trigger waits for is ready. */
export function settleDependency(trigger: KubeObject, reader: Reader, mark: Marker): void {
  const annotation = trigger.metadata.annotations?.[DEPENDENCY_ANNOTATION];
  if (annotation === undefined) return mark.true(CONDITION);
  try {
    return tellDependency(readDependency(annotation), trigger, reader, mark);
  } catch (thrown) {
    const why = `Unable to unmarshal objectReference from dependency annotation of trigger: ${messageOf(thrown)}`;
    return mark.false(CONDITION, 'ReferenceError', why);
  }
}

function tellDependency(
  { apiVersion = '', kind = '', name = '' }: Dependency,
  trigger: KubeObject,
  reader: Reader,
  mark: Marker,
) {
  const { group } = splitApiVersion(apiVersion);
  const known = dependableKinds.find((one) => one.group === group && one.kind === kind);
  if (!known) {
    const why = `Failed to retrieve lister: no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`;
    return mark.unknown(CONDITION, 'ListerDoesNotExist', why);
  }
  const object: WithStatus | undefined = reader.get(known, trigger.metadata.namespace ?? '', name);
  if (!object) {
    const what = `${known.names.plural}.${known.group} ${JSON.stringify(name)} not found`;
    return mark.false(CONDITION, 'DependencyDoesNotExist', `Dependency does not exist: ${what}`);
  }
  const { generation } = object.metadata;
  const { observedGeneration } = object.status ?? {};
  if (generation !== observedGeneration) {
    const why = `The dependency's metadata.generation, ${generation}, is not equal to its status.observedGeneration, ${observedGeneration}.`;
    return mark.unknown(CONDITION, 'GenerationNotEqual', why);
  }
  const ready = findCondition(object.status, 'Ready');
  if (!ready) return mark.unknown(CONDITION, 'DependencyNotConfigured', 'Dependency has not yet been reconciled.');
  return ready.status === 'True' ? mark.true(CONDITION) : mark.copy(CONDITION, ready);
}

type WithStatus = KubeObject & { status?: (Conditioned & { observedGeneration?: number | undefined }) | undefined };
