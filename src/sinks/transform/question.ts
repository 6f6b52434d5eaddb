// What is said between the platform and the process that evaluates expressions.

/** Without an input only the expression itself is looked at. */
export interface Question {
  readonly id: number;
  readonly expression: string;
  /** JSON. */
  readonly input?: string;
}

/** What became of it: JSON, or nothing at all, which JSON has no word for; or what went wrong. */
export type Outcome =
  | { readonly outcome: 'value'; readonly json: string }
  | { readonly outcome: 'nothing' }
  | { readonly outcome: 'fault'; readonly why: string };

export interface Reply {
  readonly id: number;
  readonly result: Outcome;
}

/** Bounds of one evaluation. The platform ends a process that does not keep to its time, as one within a regular expression. */
export const BOUNDS = { timeMs: 1000, depth: 1000, list: 1_000_000, resultBytes: 16 * 1024 * 1024 } as const;
