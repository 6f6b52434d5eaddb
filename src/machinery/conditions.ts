// Conditions as Knative keeps them: dependents roll up into Ready (knative.dev/pkg apis.ConditionManager).

import { rfc3339 } from '#base/mod.ts';
import { list, map, object, text, time, int64 } from './schema.ts';
import type { Fields, FieldsOf, Schema, TypeOf } from './schema.ts';

export const ConditionSchema = object({
  type: text().required(),
  status: text().required(),
  severity: text(),
  lastTransitionTime: time(),
  reason: text(),
  message: text(),
});
export type Condition = TypeOf<typeof ConditionSchema>;

/** The conditions of a kind: the happy one and those it depends on; others are informational. */
export interface ConditionSet {
  readonly happy: string;
  readonly dependents: readonly string[];
}

/** The conditions of a kind that goes on living: `Ready`, derived from `dependents`. */
export const living = (...dependents: string[]): ConditionSet => ({ happy: 'Ready', dependents });

const StatusFields = {
  observedGeneration: int64(),
  conditions: list(ConditionSchema),
  annotations: map(text()),
};

/** A status with Knative's common fields beside its own. */
export function livingStatus<F extends Fields>(fields: F): Schema<FieldsOf<typeof StatusFields> & FieldsOf<F>> {
  return object({ ...StatusFields, ...fields }) as Schema<unknown> as Schema<
    FieldsOf<typeof StatusFields> & FieldsOf<F>
  >;
}

/** What `mark` words write to. */
export interface Conditioned {
  conditions?: Condition[] | undefined;
}

export function findCondition(status: Conditioned | undefined, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

export function isTrue(status: Conditioned | undefined, type: string): boolean {
  return findCondition(status, type)?.status === 'True';
}

/** Whether Ready is True for the generation that is the object's present one. */
export function isReady(object: {
  metadata: { generation?: number | undefined };
  status?: (Conditioned & { observedGeneration?: number | undefined }) | undefined;
}): boolean {
  return object.status?.observedGeneration === object.metadata.generation && isTrue(object.status, 'Ready');
}

/** Writes conditions of one object; Ready follows by the rules of the set. */
export class Marker {
  readonly #set: ConditionSet;
  readonly #status: Conditioned;
  readonly #now: () => number;
  /** In which order conditions were changed here. */
  readonly #order = new Map<string, number>();
  #changes = 0;

  constructor(set: ConditionSet, status: Conditioned, now: () => number) {
    this.#set = set;
    this.#status = status;
    this.#now = now;
  }

  get(type: string): Condition | undefined {
    return findCondition(this.#status, type);
  }

  /** Gives each condition of the set a first value: True where the happy one is already, else Unknown. */
  initialize(): void {
    const happy = this.get(this.#set.happy);
    if (!happy) this.#put({ type: this.#set.happy, status: 'Unknown' });
    const start = happy?.status === 'True' ? 'True' : 'Unknown';
    for (const type of this.#set.dependents) if (!this.get(type)) this.#put({ type, status: start });
  }

  true(type: string): void {
    this.trueWith(type, '', '');
  }

  /** True with a reason and message of its own. */
  trueWith(type: string, reason: string, message: string): void {
    this.#put({ type, status: 'True', reason, message });
    this.#recompute(type);
  }

  unknown(type: string, reason = '', message = ''): void {
    this.#put({ type, status: 'Unknown', reason, message });
    const { happy, dependents } = this.#set;
    // What has failed stays failed, whatever else is not known.
    const hasFailed = dependents.some((dependent) => this.get(dependent)?.status === 'False');
    if (hasFailed && this.get(happy)?.status !== 'False') this.#put({ type: happy, status: 'False', reason, message });
    else if (!hasFailed && this.#isDependent(type)) this.#put({ type: happy, status: 'Unknown', reason, message });
  }

  false(type: string, reason: string, message: string): void {
    this.#put({ type, status: 'False', reason, message });
    if (this.#isDependent(type)) this.#put({ type: this.#set.happy, status: 'False', reason, message });
  }

  /** Copies status, reason and message of a condition of another object. An absent one is Unknown. */
  copy(type: string, from: Condition | undefined): void {
    const { status = 'Unknown', reason = '', message = '' } = from ?? {};
    if (status === 'True') this.trueWith(type, reason, message);
    else if (status === 'False') this.false(type, reason, message);
    else this.unknown(type, reason, message);
  }

  /** Removes a condition that no longer applies. */
  clear(type: string): void {
    this.#status.conditions = this.#status.conditions?.filter((condition) => condition.type !== type);
  }

  #isDependent(type: string): boolean {
    return this.#set.dependents.includes(type);
  }

  /** The happy condition after `type` became True: the newest that failed, else the newest that is not known, else True. */
  #recompute(type: string): void {
    const { happy, dependents } = this.#set;
    if (dependents.length === 0 && type === happy) return;
    const found = dependents.flatMap((dependent) => this.get(dependent) ?? []);
    const newest = found.sort((a, b) => this.#isNewer(a, b));
    const blocking =
      newest.find(({ status }) => status === 'False') ?? newest.find(({ status }) => status === 'Unknown');
    if (blocking) {
      const { status, reason, message } = blocking;
      this.#put({ type: happy, status, reason, message });
    } else if (found.length < dependents.length) this.#put({ type: happy, status: 'Unknown' });
    else if (type !== happy) this.#put({ type: happy, status: 'True' });
  }

  /** What was written by this very marker is newer than what was there, though both may be of one second. */
  #isNewer(a: Condition, b: Condition): number {
    const age = (this.#order.get(b.type) ?? 0) - (this.#order.get(a.type) ?? 0);
    return age || (b.lastTransitionTime ?? '').localeCompare(a.lastTransitionTime ?? '');
  }

  #put(next: Condition): void {
    const severity = next.type === this.#set.happy || this.#isDependent(next.type) ? undefined : 'Info';
    const clean: Condition = { type: next.type, status: next.status };
    if (severity) clean.severity = severity;
    if (next.reason) clean.reason = next.reason;
    if (next.message) clean.message = next.message;
    const conditions = this.#status.conditions ?? [];
    const before = conditions.find(({ type }) => type === next.type);
    if (
      before &&
      before.status === clean.status &&
      before.reason === clean.reason &&
      before.message === clean.message &&
      before.severity === clean.severity
    )
      return;
    clean.lastTransitionTime = rfc3339(this.#now());
    this.#order.set(next.type, ++this.#changes);
    this.#status.conditions = [...conditions.filter(({ type }) => type !== next.type), clean].sort((a, b) =>
      a.type < b.type ? -1 : 1,
    );
  }
}
