// The status protocol of Knative's reconcilers: how a new generation is marked and how status is written.

import type { Clock } from '#base/mod.ts';
import { copy, equal, messageOf, sleep } from '#base/mod.ts';
import type { Condition, Kind, KubeObject } from '#machinery/mod.ts';
import { isReason, Marker } from '#machinery/mod.ts';
import type { Client } from '#objects/mod.ts';

/** Status as every living kind has it. */
export interface LivingStatus {
  observedGeneration?: number | undefined;
  conditions?: Condition[] | undefined;
}

type WithStatus = KubeObject & { status?: LivingStatus | undefined };

const WRITE_TRIES = 5;
const WRITE_EVERY_MS = 10;

/** A draft of an object's status, prepared for the reconciler: conditions there, and a new generation marked as not yet observed. */
export function draftStatus(kind: Kind, object: KubeObject, now: () => number): { draft: LivingStatus; mark: Marker } {
  const draft: LivingStatus = copy((object as WithStatus).status ?? {});
  fillRequired(kind, draft);
  const mark = new Marker(kind.conditions ?? { happy: 'Ready', dependents: [] }, draft, now);
  if (!kind.conditions) return { draft, mark };
  mark.initialize();
  if (draft.observedGeneration !== object.metadata.generation)
    mark.unknown(kind.conditions.happy, 'NewObservedGenFailure', 'unsuccessfully observed a new generation');
  return { draft, mark };
}

/** Texts without which a status would be refused are there from the first write on, as Go writes them. */
function fillRequired({ schema }: Kind, draft: LivingStatus): void {
  const status = schema.type === 'object' ? schema.fields['status'] : undefined;
  if (status?.type !== 'object') return;
  const texts = draft as Record<string, unknown>;
  for (const field of status.required) if (status.fields[field]?.type === 'string') texts[field] ??= '';
}

/** The end of a turn: the generation counts as observed, and what only seems to have changed keeps its time. */
export function finishStatus(kind: Kind, object: KubeObject, draft: LivingStatus): void {
  if (!kind.conditions) return;
  if (object.metadata.generation !== undefined) draft.observedGeneration = object.metadata.generation;
  const before = (object as WithStatus).status?.conditions ?? [];
  draft.conditions = draft.conditions?.map((condition) => {
    const same = before.find((other) => sameButTime(condition, other));
    return same ? { ...condition, lastTransitionTime: same.lastTransitionTime } : condition;
  });
}

function sameButTime(a: Condition, b: Condition): boolean {
  return (
    a.type === b.type &&
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.severity === b.severity
  );
}

/** Writes the status if it differs, over whatever else happened to the object meanwhile. */
export async function writeStatus(
  kind: Kind,
  object: KubeObject,
  draft: LivingStatus,
  { client, clock }: { client: Client; clock: Clock },
): Promise<void> {
  let base: WithStatus | undefined = object;
  for (let tries = 1; base && !equal(base.status ?? {}, draft); tries++) {
    try {
      return void (await client.updateStatus(kind, { ...base, status: draft } as KubeObject));
    } catch (thrown) {
      if (isReason(thrown, 'NotFound')) return;
      if (!isReason(thrown, 'Conflict')) throw thrown;
      if (tries >= WRITE_TRIES) throw new Error(messageOf(thrown), { cause: thrown });
    }
    await sleep(clock, WRITE_EVERY_MS);
    base = await client.get(kind, object.metadata.namespace ?? '', object.metadata.name);
    if (base?.metadata.uid !== object.metadata.uid) return;
  }
}
