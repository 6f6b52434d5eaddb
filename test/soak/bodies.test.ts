// A fraction of the bodies; `npm run soak -- bodies` sends a gigabyte each way.

import { expect, test } from 'vitest';
import { soakBodies } from './bodies.ts';

test.skipIf(process.platform !== 'linux')(
  'bodies larger than its memory may grow pass through the gateway both ways',
  { timeout: 120_000 },
  async () => {
    const { passed, wrong } = await soakBodies({ bytes: 96 * 1024 * 1024, say: () => {} });
    expect(wrong).toEqual([]);
    expect(passed).toHaveLength(4);
  },
);
