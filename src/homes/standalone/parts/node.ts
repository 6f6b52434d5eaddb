// This machine as the node that runs Pods.

import { join } from 'node:path';
import { EventRecorder } from '#engine/mod.ts';
import { API_ADDRESS } from '#network/mod.ts';
import type { LocalVolumes, NodeAgent } from '#node/mod.ts';
import { nodeNameOf, startAgent } from '#node/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import type { ChosenLauncher } from '../choose-launcher.ts';
import type { DataLink } from '../data-process.ts';
import type { Objects } from '../objects.ts';
import { forgetStopping, noteStopping } from '../stopping.ts';
import type { PlatformImages } from './images.ts';
import type { Site } from './site.ts';

export interface NodeParts {
  readonly objects: Objects;
  readonly chosen: ChosenLauncher;
  readonly images: PlatformImages;
  readonly volumes: LocalVolumes;
  readonly data: DataLink;
  readonly apiPort: number;
  readonly log: Logger;
}

export async function startNode(site: Site, parts: NodeParts): Promise<NodeAgent> {
  const { options, listening, clock, calm, random, undo } = site;
  const { objects, chosen, images, volumes, data, apiPort, log } = parts;
  const { informers, clientOf } = objects;
  const events = new EventRecorder({ client: clientOf('kubelet'), clock, calm, random, log, source: 'kubelet' });
  const apiFromPods = chosen.listeners ? { host: API_ADDRESS, port: 443 } : { host: listening.local, port: apiPort };
  const agent = await startAgent({
    client: clientOf('node'),
    informers,
    clock,
    calm,
    launcher: chosen.launcher,
    images: images.supply,
    nodeName: nodeNameOf(),
    hostIP: '127.0.0.1',
    folder: join(options.dataDir, 'node'),
    localVolumes: volumes,
    environment: [
      ['KUBERNETES_SERVICE_HOST', apiFromPods.host],
      ['KUBERNETES_SERVICE_PORT', String(apiFromPods.port)],
      ['KUBERNETES_SERVICE_PORT_HTTPS', String(apiFromPods.port)],
    ],
    drain: (podUid, deadlineMs) => data.control.drain(podUid, deadlineMs),
    sign: (pod, account, audience, seconds) =>
      objects.tokens.sign({
        subject: {
          namespace: pod.metadata.namespace ?? '',
          serviceAccount: { name: account.metadata.name, uid: account.metadata.uid ?? '' },
          pod: { name: pod.metadata.name, uid: pod.metadata.uid ?? '' },
        },
        audiences: audience ? [audience] : [],
        expirationSeconds: seconds,
      }).token,
    event: (pod, type, reason, message) => events.record(pod, type, reason, message),
    warn: (message, fields) => log.named('node').warn(message, fields),
  });
  undo.add(async () => {
    await agent.stop(true, (pods, until) => noteStopping(options.dataDir, { pods, until }));
    forgetStopping(options.dataDir);
  });
  return agent;
}
