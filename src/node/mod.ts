// node: what a kubelet does, for the home without Kubernetes.

export * from './agent.ts';
export * from './launcher.ts';
export { localVolumes } from './local-volumes.ts';
export type { LocalVolumes } from './local-volumes.ts';
export { nodeNameOf } from './machine.ts';
export { processLauncher } from './launcher-process.ts';
export type { ImagePuller, ReadyImage } from './pod-ports.ts';
export { cgroupsHere } from './sandbox/cgroups-here.ts';
export { sandboxLauncher } from './sandbox/launcher.ts';
export type { SandboxLauncher, SandboxLauncherOptions } from './sandbox/launcher.ts';
export { sandboxProblem } from './sandbox/tools.ts';
export { podsFolder, requestLogFile } from './logs.ts';
