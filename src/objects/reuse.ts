// Structural sharing: what a write did not change stays the very same frozen value, so that history costs little memory
// and equality is quick to see.

import { isRecord, shallowCopy } from '#base/mod.ts';

/** `after`, with every part that equals its counterpart in `before` replaced by it; `before` itself where all is equal. */
export function reuse<T>(before: T, after: T): T {
  if (Object.is(before, after)) return before;
  if (Array.isArray(before) && Array.isArray(after)) return reuseList(before, after) as T;
  if (isRecord(before) && isRecord(after)) return reuseRecord(before, after) as T;
  return after;
}

function reuseList(before: readonly unknown[], after: readonly unknown[]): readonly unknown[] {
  const out = after.map((item, i) => (i < before.length ? reuse(before[i], item) : item));
  return out.length === before.length && out.every((item, i) => item === before[i]) ? before : out;
}

function reuseRecord(before: Record<string, unknown>, after: Record<string, unknown>): Record<string, unknown> {
  const out = shallowCopy(after);
  const keys = Object.keys(out);
  let isSame = true;
  for (const key of keys) {
    const [there, value] = [before[key], out[key]];
    const kept = reuse(there, value);
    if (kept !== value) out[key] = kept;
    if (kept !== there) isSame = false;
  }
  return isSame && keys.length === Object.keys(before).length ? before : out;
}
