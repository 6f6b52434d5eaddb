// What must be so. A breach is a bug of ours, never a user's mistake.

export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws unless `condition` holds; narrows its type. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
