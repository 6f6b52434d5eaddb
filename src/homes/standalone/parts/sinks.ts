// Sinks that the platform itself is: a server that takes their events, and the Services by which they are found.

import { frontOf, INTEGRATION_SINK_SERVICE, integrationSinkFront, JOB_SINK_SERVICE, jobSinkFront } from '#sinks/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import type { Objects } from '../objects.ts';
import { publishSinks } from '../seed.ts';
import { serveSinks } from '../sink-server.ts';
import type { Site } from './site.ts';

export async function startSinks({ listening, undo }: Site, objects: Objects, log: Logger): Promise<void> {
  const client = objects.clientOf('sinks');
  const front = frontOf([jobSinkFront(client), integrationSinkFront(objects.informers, log)]);
  const server = await serveSinks(front, listening.side, log.named('sinks'));
  undo.add(() => server.close());
  await publishSinks(objects.clientOf('home'), [JOB_SINK_SERVICE, INTEGRATION_SINK_SERVICE], {
    host: listening.side,
    port: server.port,
  });
}
