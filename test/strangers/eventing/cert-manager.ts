// cert-manager beside a platform: its kinds, its controllers in a process, and what Eventing's own certificates are asked of.

import { execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Platform } from '../../harness/platform.ts';
import { certManager, certManagerKinds, tool } from '../tools.ts';

export interface CertManager {
  stop(): Promise<void>;
}

const AUTHORITY = 'knative-eventing-selfsigned-ca';
const BUNDLE = 'knative-eventing-bundle';

/** Begins once its kinds are known and what Eventing shows has been issued; what else is asked of it is carried out while the suite runs. */
export async function startCertManager({ kubeconfig }: Platform): Promise<CertManager> {
  const kubectl = await tool('kubectl');
  const asked = (...args: string[]) => execFileSync(kubectl, ['--kubeconfig', kubeconfig, ...args], { stdio: 'pipe' });
  asked('apply', '--server-side', '-f', await certManagerKinds());
  asked('wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s');
  const child = spawn(await certManager(), ['-kubeconfig', kubeconfig], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  asked('apply', '-f', fileURLToPath(new URL('../resources/eventing-certificates.yaml', import.meta.url)));
  // Whoever sends events trusts the authority, as trust-manager would have it.
  asked('wait', '--for=condition=Ready', `certificate/${AUTHORITY}`, '-n', 'cert-manager', '--timeout=120s');
  const path = 'jsonpath={.data.tls\\.crt}';
  const held = asked('get', 'secret', 'knative-eventing-ca', '-n', 'cert-manager', '-o', path).toString();
  const pem = Buffer.from(held, 'base64').toString();
  const system = ['-n', 'knative-eventing'];
  asked('create', 'configmap', BUNDLE, ...system, `--from-literal=${BUNDLE}.pem=${pem}`);
  asked('label', 'configmap', BUNDLE, ...system, 'networking.knative.dev/trust-bundle=true');
  for (const name of ['mt-broker-ingress', 'imc-dispatcher', 'job-sink'])
    asked('wait', '--for=condition=Ready', `certificate/${name}-server-tls`, ...system, '--timeout=120s');
  return {
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
