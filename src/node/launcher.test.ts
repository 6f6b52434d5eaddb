import { systemClock } from '#base/mod.ts';
import { launcherContract } from '../../test/contracts/launcher.ts';
import { processLauncher } from './launcher-process.ts';
import { sandboxLauncher } from './sandbox/launcher.ts';
import { sandboxProblem } from './sandbox/tools.ts';

launcherContract('of plain processes', async () => ({ launcher: processLauncher(systemClock), stop: async () => {} }));

const problem = sandboxProblem();
if (problem) console.warn(`the sandbox launcher is not tested here: ${problem}`);
else {
  launcherContract('of sandboxes', async (folder) => {
    const launcher = await sandboxLauncher({
      clock: systemClock,
      folder,
      hidden: [],
      nameServers: [],
      clusterDomain: 'cluster.local',
      warn: (message, fields) => console.warn(message, fields),
    });
    return { launcher, stop: () => launcher.close() };
  });
}
