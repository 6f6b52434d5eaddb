// Which Revisions of a Configuration may go: pure.

/** What is known of one Revision that no Route leads to. */
export interface Inactive {
  readonly name: string;
  /** Wall time, milliseconds. */
  readonly createdMs: number;
  /** When its routing state last changed, or its creation. */
  readonly lastActiveMs: number;
}

export interface GcLimits {
  /** Undefined: this is not looked at. */
  readonly retainSinceCreateMs: number | undefined;
  readonly retainSinceActiveMs: number | undefined;
  readonly min: number;
  /** Undefined: no limit. */
  readonly max: number | undefined;
}

export interface GcVerdict {
  readonly remove: readonly string[];
  /** Milliseconds until the next one is due, where that is only a matter of time. */
  readonly again: number | undefined;
}

/** Of `total` Revisions those in `inactive` have no Route. */
export function collect(total: number, inactive: readonly Inactive[], limits: GcLimits, nowMs: number): GcVerdict {
  const { retainSinceCreateMs: create, retainSinceActiveMs: active, min, max } = limits;
  const keepsAll = create === undefined && active === undefined && max === undefined;
  if (keepsAll || total <= min || inactive.length <= min) return { remove: [], again: undefined };

  const oldestFirst = [...inactive].sort((a, b) => a.lastActiveMs - b.lastActiveMs);
  const staleAt = ({ createdMs, lastActiveMs }: Inactive) =>
    create === undefined && active === undefined
      ? Infinity
      : Math.max(createdMs + (create ?? 0), lastActiveMs + (active ?? 0));
  const stale = oldestFirst.filter((one) => staleAt(one) < nowMs).slice(0, inactive.length - min);
  const rest = oldestFirst.filter((one) => !stale.includes(one));
  const over = max === undefined ? [] : rest.slice(0, Math.max(0, rest.length - max));
  const left = rest.slice(over.length);
  const next = Math.min(...left.map(staleAt));
  return {
    remove: [...stale, ...over].map(({ name }) => name),
    again: left.length > min && Number.isFinite(next) ? Math.max(1, next - nowMs + 1) : undefined,
  };
}
