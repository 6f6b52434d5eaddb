// The Node of this machine, and the Lease that says it lives, from the facts. Pure.

import { rfc3339, rfc3339Micro } from '#base/mod.ts';
import type { Lease, Node } from '#kinds/mod.ts';
import type { MachineFacts } from './machine.ts';

const LEASE_SECONDS = 40;
const MOST_PODS = 1000;

export interface NodeFacts {
  readonly nodeName: string;
  readonly hostIP: string;
  /** What starts containers. */
  readonly launcher: string;
  readonly machine: MachineFacts;
  readonly now: number;
}

export function newNode({ nodeName, machine }: Pick<NodeFacts, 'nodeName' | 'machine'>): Node {
  const labels = {
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': machine.platform,
    'kubernetes.io/arch': architectureOf(machine),
    'node-role.kubernetes.io/control-plane': '',
  };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName, labels }, spec: {} };
}

export function isReady({ status }: Node): boolean {
  return status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
}

export function nodeStatus({ nodeName, hostIP, launcher, machine, now }: NodeFacts): Node['status'] {
  const capacity = {
    cpu: String(machine.cores),
    memory: `${Math.floor(machine.memoryBytes / 1024)}Ki`,
    pods: String(MOST_PODS),
    'ephemeral-storage': '100Gi',
  };
  return {
    capacity,
    allocatable: capacity,
    addresses: [
      { type: 'InternalIP', address: hostIP },
      { type: 'Hostname', address: nodeName },
    ],
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'the node agent is ready',
        lastHeartbeatTime: rfc3339(now),
        lastTransitionTime: rfc3339(now),
      },
    ],
    nodeInfo: {
      kernelVersion: machine.kernel,
      osImage: machine.platform,
      operatingSystem: machine.platform,
      architecture: architectureOf(machine),
      containerRuntimeVersion: `ebb-${launcher}://1`,
      kubeletVersion: 'v1.34.0+ebb',
      kubeProxyVersion: '',
      machineID: '',
      systemUUID: '',
      bootID: '',
    },
  };
}

/** The Lease renewed; a new one where there is none. */
export function renewedLease(there: Lease | undefined, { nodeName, now }: Pick<NodeFacts, 'nodeName' | 'now'>): Lease {
  const spec = { holderIdentity: nodeName, leaseDurationSeconds: LEASE_SECONDS, renewTime: rfc3339Micro(now) };
  if (there) return { ...there, spec: { ...there.spec, ...spec } };
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: nodeName, namespace: 'kube-node-lease' },
    spec,
  };
}

/** In the words of images: `amd64`, `arm64`. */
function architectureOf({ architecture }: MachineFacts): string {
  return architecture === 'x64' ? 'amd64' : architecture;
}
