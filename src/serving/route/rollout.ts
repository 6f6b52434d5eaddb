// Gradual rollout: how the share of a Configuration moves from its old Revisions to its newest. Pure.

/** One Configuration's share of one name. The JSON of the annotation on the KIngress, as Knative writes it. */
export interface ConfigurationRollout {
  readonly configurationName: string;
  readonly tag?: string;
  /** The whole share. */
  readonly percent: number;
  /** Oldest first. */
  readonly revisions: readonly { readonly revisionName: string; readonly percent: number }[];
  readonly stepParams?: StepParams;
}

/** Times in nanoseconds since 1970, durations in nanoseconds. */
export interface StepParams {
  readonly starttime?: number;
  readonly nextStepTime?: number;
  readonly stepDuration?: number;
  readonly stepSize?: number;
}

export interface Rollout {
  readonly configurations: readonly ConfigurationRollout[];
}

const NS_PER_MS = 1_000_000;
const NS_PER_S = 1_000_000_000;

/** The rollout without history: everything is with the newest. */
export function settledRollout(
  targets: readonly { tag: string; configuration: string; revision: string; percent: number }[],
): Rollout {
  return {
    configurations: targets.map(({ tag, configuration, revision, percent }) => ({
      configurationName: configuration,
      ...(tag ? { tag } : {}),
      percent,
      revisions: [{ revisionName: revision, percent }],
    })),
  };
}

/** Reads the annotation; undefined where there is none or it is not ours. */
export function parseRollout(text: string | undefined): Rollout | undefined {
  if (!text) return undefined;
  try {
    const found = JSON.parse(text) as Partial<Rollout> | null;
    return Array.isArray(found?.configurations) ? { configurations: found.configurations } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether every Configuration has arrived at one Revision. */
export function isDone({ configurations }: Rollout): boolean {
  return configurations.every(({ revisions }) => revisions.length < 2);
}

/** What comes next, from what was and what there should be. `durationSeconds` 0: at once. */
export function nextRollout(
  wanted: Rollout,
  before: Rollout | undefined,
  durationSeconds: number,
  nowMs: number,
): Rollout {
  if (!before || durationSeconds <= 0) return wanted;
  return {
    configurations: wanted.configurations.map((next) => {
      const previous = before.configurations.find((one) => sameName(one, next));
      return previous ? follow(next, previous, nowMs) : next;
    }),
  };
}

function sameName(a: ConfigurationRollout, b: ConfigurationRollout): boolean {
  return a.configurationName === b.configurationName && (a.tag ?? '') === (b.tag ?? '');
}

function follow(next: ConfigurationRollout, before: ConfigurationRollout, nowMs: number): ConfigurationRollout {
  const newest = next.revisions[0]?.revisionName ?? '';
  const rescaled = withPercent(before, next.percent);
  if (rescaled.percent <= 1 || rescaled.revisions.length === 0) return next;
  if (rescaled.revisions.at(-1)?.revisionName === newest) return stepped(rescaled, nowMs);
  return begun(rescaled, newest, nowMs);
}

/** A new Revision begins with one percent of the newest before it. */
function begun(before: ConfigurationRollout, newest: string, nowMs: number): ConfigurationRollout {
  const older = before.revisions.filter(({ revisionName }) => revisionName !== newest);
  const revisions = older
    .map((one, at) => (at === older.length - 1 ? { ...one, percent: one.percent - 1 } : one))
    .filter(({ percent }) => percent > 0);
  return {
    ...identity(before),
    percent: before.percent,
    revisions: [...revisions, { revisionName: newest, percent: before.percent - sum(revisions) }],
    stepParams: { starttime: nowMs * NS_PER_MS },
  };
}

/** A change of the whole share is given to the newest, or taken from the oldest on. */
function withPercent(before: ConfigurationRollout, percent: number): ConfigurationRollout {
  const more = percent - before.percent;
  if (more === 0) return before;
  const last = before.revisions.length - 1;
  if (more > 0) {
    const revisions = before.revisions.map((one, at) => (at === last ? { ...one, percent: one.percent + more } : one));
    return { ...before, percent, revisions };
  }
  return { ...before, percent, revisions: taken(before.revisions, -more) };
}

function taken(revisions: ConfigurationRollout['revisions'], share: number): ConfigurationRollout['revisions'] {
  let left = share;
  return revisions.flatMap((one) => {
    const part = Math.min(left, one.percent);
    left -= part;
    return one.percent > part ? [{ ...one, percent: one.percent - part }] : [];
  });
}

function stepped(rollout: ConfigurationRollout, nowMs: number): ConfigurationRollout {
  const { nextStepTime, stepSize = 0, stepDuration = 0 } = rollout.stepParams ?? {};
  if (rollout.revisions.length < 2)
    return { ...identity(rollout), percent: rollout.percent, revisions: rollout.revisions };
  if (nextStepTime === undefined) return rollout;
  // A step that is further away than one takes: the clock was set back, and the step is planned anew.
  const latest = nowMs * NS_PER_MS + stepDuration;
  if (nextStepTime > latest) return { ...rollout, stepParams: { ...rollout.stepParams, nextStepTime: latest } };
  if (nextStepTime > nowMs * NS_PER_MS) return rollout;
  const newest = rollout.revisions.at(-1);
  const older = rollout.revisions.slice(0, -1);
  // Youngest of the old first.
  const rest = [...taken([...older].reverse(), stepSize)].reverse();
  const revisions = [...rest, { revisionName: newest?.revisionName ?? '', percent: rollout.percent - sum(rest) }];
  if (rest.length === 0) return { ...identity(rollout), percent: rollout.percent, revisions };
  return {
    ...rollout,
    revisions,
    stepParams: { ...rollout.stepParams, nextStepTime: nowMs * NS_PER_MS + stepDuration },
  };
}

/** The first ready answer of the gateway tells how long a step takes at least: from there on the steps are planned. */
export function planned(rollout: Rollout, durationSeconds: number, nowMs: number): Rollout {
  return { configurations: rollout.configurations.map((one) => withSteps(one, durationSeconds, nowMs)) };
}

function withSteps(rollout: ConfigurationRollout, durationSeconds: number, nowMs: number): ConfigurationRollout {
  const { starttime, nextStepTime } = rollout.stepParams ?? {};
  if (rollout.revisions.length < 2 || starttime === undefined || nextStepTime !== undefined) return rollout;
  const shortest = Math.max(1, Math.ceil((nowMs * NS_PER_MS - starttime) / NS_PER_S));
  const rest = Math.max(1, durationSeconds - shortest);
  const steps = Math.min(rollout.percent - 1, Math.max(1, rest / shortest));
  const stepSize = Math.max(1, Math.round((rollout.percent - 1) / steps));
  const stepDuration = Math.round((rest / steps) * NS_PER_S);
  return {
    ...rollout,
    stepParams: { starttime, nextStepTime: nowMs * NS_PER_MS + stepDuration, stepDuration, stepSize },
  };
}

/** Milliseconds until the next step is due; undefined where none is planned. */
export function nextStepIn({ configurations }: Rollout, nowMs: number): number | undefined {
  const due = configurations.flatMap(({ stepParams }) => stepParams?.nextStepTime ?? []);
  return due.length > 0 ? Math.max(0, Math.min(...due) / NS_PER_MS - nowMs) : undefined;
}

function identity({ configurationName, tag }: ConfigurationRollout) {
  return { configurationName, ...(tag ? { tag } : {}) };
}

function sum(revisions: ConfigurationRollout['revisions']): number {
  return revisions.reduce((all, { percent }) => all + percent, 0);
}
