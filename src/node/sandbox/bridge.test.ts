// The network that Pods are in, as the machine that it is on sees it.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Bridge } from './bridge.ts';
import { sandboxProblem } from './tools.ts';

const problem = sandboxProblem() ?? (existsSync('/proc/sys/net/ipv6') ? undefined : 'this machine has no IPv6');
if (problem) console.warn(`the network of Pods is not tested here: ${problem}`);

test.skipIf(problem !== undefined)(
  'no interface of the network gets an address of IPv6, which browsers would take for another network',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bridge-'));
    const bridge = await Bridge.open({
      readyFile: join(folder, 'ready.json'),
      routed: '10.96.0.0/16',
      hasExit: true,
      seed: folder,
      warn: (message, fields) => console.warn(message, fields),
    });
    const places = [await bridge.makeRouter(), await bridge.makeExit(), await bridge.take()];
    const interfaces = [bridge.name, ...places.map(({ index }) => `${bridge.name}p${index}`)];
    const off = interfaces.map((name) => readFileSync(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, 'utf8').trim());
    expect(off).toEqual(['1', '1', '1', '1']);
    for (const place of places) bridge.release(place);
    await bridge.close();
    rmSync(folder, { recursive: true, force: true });
  },
);
