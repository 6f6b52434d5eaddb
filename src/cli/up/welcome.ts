// What a platform that has become ready tells the person who started it.

import type { Endpoints } from '../ports.ts';

export interface Welcome {
  readonly endpoints: Endpoints;
  readonly kubeconfig: string;
  /** How long the start took. */
  readonly ms: number;
  /** Told where it is not the one that commands find by themselves. */
  readonly dataDir?: string | undefined;
  /** The CA that clients of the example must be told of. */
  readonly exampleCa?: string | undefined;
  /** Where it logs, if it is not in the foreground. */
  readonly logs?: string | undefined;
}

export function welcome({ endpoints, kubeconfig, ms, dataDir, exampleCa, logs }: Welcome): string {
  const { example } = endpoints;
  const lines = [
    `Ebb is ready (${(ms / 1000).toFixed(1)} s).`,
    '',
    ...(example ? [`  example     ${example}`] : []),
    `  gateway     ${endpoints.gateway}`,
    `  console     ${endpoints.console}`,
    `  registry    ${endpoints.registry}`,
    `  API         ${endpoints.api}`,
    `  kubeconfig  ${kubeconfig}`,
    '',
    ...(example ? [`Try:  curl ${exampleCa ? `--cacert ${exampleCa} ` : ''}${example}`] : []),
    `      export KUBECONFIG=${kubeconfig} && kubectl get ksvc`,
    ...(dataDir ? [`      export EBB_HOME=${dataDir} && ebb get`] : []),
    logs ? `'ebb down' stops it, 'ebb status' tells how it is; it logs to ${logs}.` : 'Ctrl-C stops it.',
  ];
  return `${lines.join('\n')}\n`;
}
