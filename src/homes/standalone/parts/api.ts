// The API server, with what keeps its definitions and roles, and the controllers that run from here on.

import { startAggregator, startApiServer, startDefinitions } from '#apiserver/mod.ts';
import type { ApiServer } from '#apiserver/mod.ts';
import { runControllers } from '#engine/mod.ts';
import type { NodeAgent } from '#node/mod.ts';
import type { EventJournal } from '#objects/mod.ts';
import type { Keys } from '#pki/mod.ts';
import type { Objects } from '../objects.ts';
import type { Telling } from '../telling.ts';
import type { PlatformControllers } from './controllers.ts';
import type { Site } from './site.ts';
import type { PlatformTelemetry } from './telemetry.ts';

export interface ApiParts {
  readonly telemetry: PlatformTelemetry;
  readonly keys: Keys;
  readonly objects: Objects;
  readonly controllers: PlatformControllers['controllers'];
  readonly telling: Telling;
  readonly agent: NodeAgent;
  readonly journal: EventJournal;
  readonly port: number;
}

export interface RunningApi {
  readonly api: ApiServer;
  /** Settles when the controllers have ended; rejects where one of them cannot go on. */
  readonly running: Promise<void>;
  /** Aborted once the platform stops. */
  readonly stopping: AbortSignal;
}

export async function startApi({ options, listening, clock, undo }: Site, parts: ApiParts): Promise<RunningApi> {
  const { keys, objects, controllers, telling, agent, journal, port } = parts;
  const { telemetry, families } = parts.telemetry;
  const { log, metrics, tracer } = telemetry;
  const { registry, scheme, builtIn } = objects;
  const stopping = new AbortController();
  const definitions = startDefinitions({ registry, clock, log: log.named('apiserver'), builtIn });
  const aggregator = startAggregator({ registry, clock, log: log.named('apiserver') });
  undo.add(async () => {
    await definitions.stop();
    await aggregator.stop();
  });
  const running = runControllers(controllers, { signal: stopping.signal });
  telling.begin();
  undo.add(async () => {
    stopping.abort(new Error('the platform stops'));
    await running;
  });
  const api = await startApiServer({
    registry,
    store: objects.store,
    scheme,
    authenticator: objects.authenticator,
    authorizer: objects.authorizer,
    clock,
    log: log.named('apiserver'),
    tokens: objects.tokens,
    podStreams: agent.streams,
    resourceMetrics: agent.usage,
    eventJournal: journal,
    tls: { key: keys.server.keyPem, cert: keys.server.certPem, clientCa: keys.caPem },
    host: listening.open,
    port,
    build: options.version,
    metrics,
    tracer,
    families,
  });
  undo.add(() => api.close());
  return { api, running, stopping: stopping.signal };
}
