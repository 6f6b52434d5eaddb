import { VirtualClock } from '#base/mod.ts';
import { eventLogContract } from '../../../test/contracts/event-log.ts';
import { keptLog, memoryLog } from './memory.ts';

eventLogContract(() => {
  const kept = keptLog();
  const clock = new VirtualClock();
  return { clock, open: async (bounds) => memoryLog({ clock, kept, ...bounds }) };
});
