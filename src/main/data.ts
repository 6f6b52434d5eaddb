// The process that serves requests; it has nothing of the command line's and of the control process's in memory.

import type { DataSettings } from '#homes/mod.ts';
import { runData } from '#homes/mod.ts';

/** Runs until SIGTERM. `settings` are those of the control process, as text. */
export async function serve(settings: string): Promise<void> {
  await runData(JSON.parse(settings) as DataSettings);
}
