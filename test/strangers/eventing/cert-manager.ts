// cert-manager beside a platform: its kinds, its controllers in a process, and what Eventing's own certificates are asked of.

import { execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Platform } from '../../harness/platform.ts';
import { certManager, certManagerKinds, tool } from '../tools.ts';

export interface CertManager {
  stop(): Promise<void>;
}

/** Begins where its kinds are known; what is asked of it is carried out while the suite runs. */
export async function startCertManager({ kubeconfig }: Platform): Promise<CertManager> {
  const kubectl = await tool('kubectl');
  const asked = (...args: string[]) => execFileSync(kubectl, ['--kubeconfig', kubeconfig, ...args], { stdio: 'pipe' });
  asked('apply', '--server-side', '-f', await certManagerKinds());
  asked('wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s');
  const child = spawn(await certManager(), ['-kubeconfig', kubeconfig], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  asked('apply', '-f', fileURLToPath(new URL('../resources/eventing-certificates.yaml', import.meta.url)));
  return {
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
