// The cluster's addresses and names, where Pods have a network of their own.

import { startNetwork, USUAL_EGRESS_PORTS } from '#network/mod.ts';
import type { GatewayAddress } from '#gateway/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import type { ChosenLauncher } from '../choose-launcher.ts';
import type { Listening } from '../listening.ts';
import type { Objects } from '../objects.ts';
import type { Ports } from './places.ts';
import type { Site } from './site.ts';

export interface NetworkParts {
  readonly objects: Objects;
  readonly chosen: ChosenLauncher;
  readonly ports: Ports;
  readonly address: GatewayAddress;
  readonly log: Logger;
}

export async function startPodNetwork({ options, listening, clock, undo }: Site, parts: NetworkParts): Promise<void> {
  const { chosen, ports, address, log } = parts;
  const { informers, clientOf } = parts.objects;
  if (!chosen.listeners) return;
  const network = await startNetwork({
    client: clientOf('network'),
    informers,
    clock,
    listeners: chosen.listeners,
    clusterDomain: 'cluster.local',
    own: ownServices(listening.local, ports, address),
    balanced: outsideDoors(listening, ports),
    exit: chosen.exit && {
      listeners: chosen.exit,
      ports: options.egress === 'none' || options.egress === 'usual' ? USUAL_EGRESS_PORTS : options.egress,
    },
    warn: (message, fields) => log.named('network').warn(message, fields),
  });
  undo.add(() => network.stop());
}

/** Services that the platform itself stands behind, by their ports. */
function ownServices(
  host: string,
  ports: Ports,
  { internal, internalTls }: GatewayAddress,
): Record<string, Record<number, { host: string; port: number }>> {
  const gateway: Record<number, { host: string; port: number }> = {};
  if (internal) gateway[80] = internal;
  if (internalTls) gateway[443] = internalTls;
  return { 'default/kubernetes': { 443: { host, port: ports.api } }, 'ebb-system/gateway': gateway };
}

/** The gateway at the address that this machine and Pods reach: at the usual ports, and at those that URLs show. */
function outsideDoors(
  { local, localPlain }: Listening,
  { gateway, gatewayTls }: Ports,
): Record<number, { host: string; port: number }> {
  const [plain, tls] = [
    { host: localPlain, port: gateway },
    { host: local, port: gatewayTls },
  ];
  return { 80: plain, 443: tls, [gateway]: plain, [gatewayTls]: tls };
}
