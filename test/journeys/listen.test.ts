// A platform for other machines: TLS and users everywhere, plain http nowhere. In a network of its own, which only root can make.

import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const inOwnNetwork = ['-n', process.execPath, '--disable-warning=ExperimentalWarning'];
const canMake =
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['-n', 'sh', '-c', 'ip link add v0 type veth peer name v1']).status === 0;

test.skipIf(!canMake)(
  'others get in as users and with TLS only, and no longer once they are removed',
  { timeout: 120_000 },
  async () => {
    const program = fileURLToPath(new URL('elsewhere.ts', import.meta.url));
    const said = await new Promise<string>((resolve, reject) => {
      execFile('unshare', [...inOwnNetwork, program], (error, out, err) =>
        error ? reject(new Error(`${err}${out}`)) : resolve(out),
      );
    });
    expect(JSON.parse(said)).toEqual({
      registry: [401, 401, 200],
      console: [401, 200],
      api: [401, 200],
      plain: 'closed',
      removed: [401, 401, 401],
    });
  },
);
