// Knative's own in-memory channel as a peer: the published program that takes and delivers the events of such channels, and an API that
// tells it of one. It keeps nothing on disk, and answers a POST once all subscribers have answered.

import { existsSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { ConfigMap, InMemoryChannel, Namespace } from '#kinds/mod.ts';
import type { HttpClient } from '#objects/mod.ts';
import { httpClient } from '#objects/mod.ts';
import { until } from '../../test/harness/platform.ts';
import { startOwnServer } from '../../test/strangers/cluster/own-server.ts';
import { builtChannelDispatcher } from '../../test/strangers/tools.ts';
import { end, freePort, listening, PROXY_CORE, startOn } from '../processes.ts';
import type { EventServer } from './servers.ts';
import { attributes, BODY } from './wire.ts';

export const hasInMemoryChannel = (): boolean => existsSync(builtChannelDispatcher);

/** What to do for the peer that is not there. */
export const NO_IN_MEMORY_CHANNEL =
  "Knative's in-memory channel is left out (npm run bench -- --build builds it, and takes Go)";

const [NAMESPACE, NAME] = ['default', 'bench'];
const HOST = `${NAME}-kn-channel.${NAMESPACE}.svc.cluster.local`;
const SYSTEM = 'knative-eventing';
const WITHIN_MS = 30_000;

/** As Knative's own Deployment of the program has it. */
const ENVIRONMENT = {
  SYSTEM_NAMESPACE: SYSTEM,
  CONFIG_LOGGING_NAME: 'config-logging',
  CONFIG_OBSERVABILITY_NAME: 'config-observability',
  METRICS_DOMAIN: 'knative.dev/inmemorychannel-dispatcher',
  POD_NAME: 'imc-dispatcher',
  CONTAINER_NAME: 'dispatcher',
  MAX_IDLE_CONNS: '1000',
  MAX_IDLE_CONNS_PER_HOST: '1000',
};

/** Starts it with one channel that has no subscriber yet. */
export async function startInMemoryChannel(folder: string): Promise<EventServer> {
  const api = await startOwnServer();
  const client = httpClient(api.access);
  await makeObjects(client);
  const port = await freePort();
  const listens = { LISTEN_8080: `127.0.0.1:${port}`, LISTEN_8443: '127.0.0.1:0', PROFILING_PORT: '0' };
  const kubeconfig = kubeconfigOf(folder, api.access.server);
  const child = startOn(PROXY_CORE, builtChannelDispatcher, ['-kubeconfig', kubeconfig], {
    env: { ...process.env, ...ENVIRONMENT, ...listens },
  });
  const stop = async () => {
    client.close();
    await end(child);
    await api.close();
  };
  try {
    await listening(port);
    await until(
      () => takes(port),
      WITHIN_MS,
      () => `Knative's in-memory channel takes no events after ${WITHIN_MS / 1000} s`,
    );
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return {
    protocol: 'http',
    port,
    host: HOST,
    path: '/',
    pids: [child.pid ?? 0],
    async subscribe() {
      const subscriber = await freePort();
      await setSubscriber(client, `http://127.0.0.1:${subscriber}/`);
      return subscriber;
    },
    stop,
  };
}

function kubeconfigOf(folder: string, server: string): string {
  const file = join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'bench', cluster: { server } }],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: '' } }],
    'current-context': 'bench',
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** The channel, as its controller would leave it, and the settings that must be there. */
async function makeObjects(client: HttpClient): Promise<void> {
  const named = ({ apiVersion, kind }: { apiVersion: string; kind: string }, name: string, namespace?: string) => ({
    apiVersion,
    kind,
    metadata: { name, ...(namespace !== undefined && { namespace }) },
  });
  await client.create(Namespace, named(Namespace, SYSTEM));
  await client.create(ConfigMap, { ...named(ConfigMap, 'config-features', SYSTEM), data: {} });
  await client.create(InMemoryChannel, { ...named(InMemoryChannel, NAME, NAMESPACE), spec: {} });
  await sayReady(client, 1);
}

/** The program leaves a channel alone whose status is not Ready, or is not that of its spec. */
async function sayReady(client: HttpClient, observedGeneration: number): Promise<void> {
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: new Date().toISOString() }];
  const status = { observedGeneration, address: { name: 'http', url: `http://${HOST}` }, conditions };
  await client.patch(InMemoryChannel, NAMESPACE, NAME, 'merge', { status }, { subresource: 'status' });
}

const UID = '5b7d3f0a-9b0e-4d9f-8f43-3c8f4f0c9f11';

/** Resolves once the program says that it delivers. */
async function setSubscriber(client: HttpClient, subscriberUri: string): Promise<void> {
  const delivery = { retry: 10, backoffPolicy: 'exponential', backoffDelay: 'PT0.2S' };
  const subscribers = [{ name: 'one', uid: UID, generation: 1, subscriberUri, delivery }];
  // The status is there before the spec: a channel that is not Ready has its subscribers called so, too, and they get nothing.
  const before = await client.get(InMemoryChannel, NAMESPACE, NAME);
  await sayReady(client, (before?.metadata.generation ?? 0) + 1);
  await client.patch(InMemoryChannel, NAMESPACE, NAME, 'merge', { spec: { subscribers } });
  await until(
    async () => {
      const channel = await client.get(InMemoryChannel, NAMESPACE, NAME);
      return channel?.status?.subscribers?.some(({ uid, ready }) => uid === UID && ready === 'True') ?? false;
    },
    WITHIN_MS,
    () => `Knative's in-memory channel has no subscriber after ${WITHIN_MS / 1000} s`,
  );
}

/** Whether an event is accepted: the program listens before it knows of the channel. */
function takes(port: number): Promise<boolean> {
  const named = attributes(0).map(([name, value]) => [`ce-${name}`, value] as const);
  const headers = { host: HOST, 'content-type': 'application/json', ...Object.fromEntries(named) };
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method: 'POST', headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 202);
    });
    sent.once('error', reject);
    sent.end(BODY);
  });
}
