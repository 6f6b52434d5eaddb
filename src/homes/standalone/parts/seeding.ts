// What is there before any user has made anything.

import { seedDefinitions, seedRoles } from '#apiserver/mod.ts';
import type { ChosenLauncher } from '../choose-launcher.ts';
import type { DataLink } from '../data-process.ts';
import type { Objects } from '../objects.ts';
import { publishGateway, seed } from '../seed.ts';
import type { Ports } from './places.ts';
import type { Site } from './site.ts';

export async function seedObjects(
  { listening }: Site,
  { registry, builtIn, clientOf }: Objects,
  ports: Ports,
  data: DataLink,
  chosen: ChosenLauncher,
): Promise<void> {
  await seed(clientOf('home'));
  await seedRoles(registry);
  await seedDefinitions(registry, builtIn);
  await publishGateway(clientOf('home'), {
    host: listening.localPlain,
    http: ports.gateway,
    https: ports.gatewayTls,
    internal: data.address.internal?.port,
    internalTls: data.address.internalTls?.port,
    balancer: chosen.listeners?.address,
  });
}
