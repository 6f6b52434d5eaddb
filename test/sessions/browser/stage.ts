// The session with a browser, on the strangers' stage. It needs what `.ci/run` does without: Chromium.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Lacking } from '../../strangers/stage.ts';
import { sessionsStage } from '../run.ts';
import { CHROMIUM } from './chromium.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));

export const BROWSER = sessionsStage({
  folder,
  commands: { browse: join(folder, 'browse.ts') },
  prepare: () => {
    const lacking = [CHROMIUM, 'certutil'].filter((command) => spawnSync(command, ['--version']).error);
    if (lacking.length > 0)
      throw new Lacking(
        `not found: ${lacking.join(', ')}. The browser's session needs Chromium and NSS' certutil: apt-get install chromium libnss3-tools`,
      );
  },
});
