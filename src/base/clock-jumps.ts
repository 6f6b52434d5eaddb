// Notices that the wall clock was set.

import type { Clock } from './clock.ts';

/** How soon a jump is noticed. */
const WATCH_MS = 5000;
/** What the wall clock may differ from passing time within a look: clocks are kept right by small steps, too. */
const JUMP_MS = 1000;

/** Calls after the wall clock has moved otherwise than time has passed. Returns the stop. */
export function watchJumps(clock: Clock, onJump: () => void): () => void {
  let ahead = clock.now() - clock.monotonic();
  const look = () => {
    const seen = clock.now() - clock.monotonic();
    if (Math.abs(seen - ahead) > JUMP_MS) onJump();
    ahead = seen;
    timer = clock.after(WATCH_MS, look);
  };
  let timer = clock.after(WATCH_MS, look);
  return () => timer.cancel();
}
