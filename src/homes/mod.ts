// homes: the only places where ports meet what fills them.

export { DATA_PROCESS_FLAGS, runData } from './standalone/data-process.ts';
export type { DataSettings } from './standalone/data-process.ts';
export { machineFacts } from './standalone/machine-facts.ts';
export { detach, editText, execute } from './standalone/processes.ts';
export { startStandalone } from './standalone/platform.ts';
export type { Platform, PlatformEndpoints, PlatformOptions } from './standalone/platform-options.ts';
export {
  backupOf,
  connectTo,
  holderOfData,
  imagesOf,
  pruneOf,
  restoreTo,
  rotateKey,
  statusOf,
  stoppingOf,
  userKubeconfigOf,
} from './standalone/outside.ts';
