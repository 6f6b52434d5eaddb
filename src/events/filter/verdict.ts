// What a filter says of an event, clause by clause, for whoever asks why.

/** `none`: the clause says nothing, as an empty one; it keeps no event out. */
export type FilterResult = 'pass' | 'fail' | 'none';

export interface Verdict {
  readonly result: FilterResult;
  /** What was asked, as `exact type = "order.created"`. */
  readonly clause: string;
  /** What was met, as `"order.cancelled"`, or what went wrong; absent where the parts tell it. */
  readonly met?: string;
  /** What it is made of. */
  readonly parts?: readonly Verdict[];
}
