// Exponential back-off as a pure count of milliseconds.

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
  readonly factor: number;
}

/** How long to wait before try number `failures` + 1, where `failures` counts from 1. */
export function backoffMs({ firstMs, maxMs, factor }: Backoff, failures: number): number {
  return Math.min(maxMs, firstMs * factor ** Math.max(0, failures - 1));
}
