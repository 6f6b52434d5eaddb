// The standalone home: everything put together, started in order and stopped in the reverse. Each part has a file in `parts`.

import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Clock, Random } from '#base/mod.ts';
import { calmOf, systemClock, systemRandom } from '#base/mod.ts';
import { eventJournal } from '#eventing/mod.ts';
import { localVolumes } from '#node/mod.ts';
import type { ResourceMetrics } from '#objects/mod.ts';
import type { Keys } from '#pki/mod.ts';
import { kubeconfigText } from '#pki/mod.ts';
import { lockFolder } from '#storage/mod.ts';
import { chooseLauncher } from './choose-launcher.ts';
import { inUrl, listeningFor, machineNames } from './listening.ts';
import { openAdmin } from './parts/admin.ts';
import { startApi } from './parts/api.ts';
import { openConsole } from './parts/console.ts';
import { makeControllers } from './parts/controllers.ts';
import { startData } from './parts/data.ts';
import { connectDataEvents } from './parts/events.ts';
import { keepRenewing, startFronts } from './parts/fronts.ts';
import { startImages } from './parts/images.ts';
import { ownKeys } from './parts/keys.ts';
import { startPodNetwork } from './parts/network.ts';
import { startNode } from './parts/node.ts';
import { findPlaces } from './parts/places.ts';
import { seedObjects } from './parts/seeding.ts';
import { makeSender } from './parts/sender.ts';
import { makeEvaluator, startSinks } from './parts/sinks.ts';
import type { Site } from './parts/site.ts';
import { openStore } from './parts/store.ts';
import { startTelemetry } from './parts/telemetry.ts';
import type { Platform, PlatformEndpoints, PlatformOptions } from './platform-options.ts';
import { tidyHeap } from './tidy-heap.ts';
import { Undo } from './undo.ts';

/** Starts the platform. Whatever was begun is undone where a later step fails. */
export async function startStandalone(options: PlatformOptions): Promise<Platform> {
  const undo = new Undo();
  try {
    return await start(options, undo, systemClock, systemRandom);
  } catch (error) {
    // Why it did not start is what somebody must hear; that something could not be undone either follows from it.
    await undo.run().catch(() => undefined);
    throw error;
  }
}

async function start(options: PlatformOptions, undo: Undo, clock: Clock, random: Random): Promise<Platform> {
  const { dataDir } = options;
  const site: Site = {
    options,
    listening: listeningFor(options, machineNames()),
    clock,
    calm: calmOf(clock, availableParallelism()),
    random,
    undo,
    notices: [],
  };
  const { listening, notices } = site;
  const began = clock.now();
  const endpointsFile = await takeFolder(dataDir, undo);

  const telemetry = startTelemetry(site);
  const { log } = telemetry.telemetry;
  const places = await findPlaces(site);
  const { ports } = places;
  const keys = await ownKeys(site);
  const { objects, room } = await openStore(site, keys, log);
  const { data, telling } = await startData(site, places, objects, log);
  const events = connectDataEvents(site, objects, telling, log);
  const images = await startImages(site, objects, room, log, ports.registry);
  const chosen = await chooseLauncher({
    wanted: options.launcher,
    dataDir,
    keyFile: options.encryptionKeyFile,
    hasExit: options.egress !== 'none',
    clock,
    log: log.named('node'),
  });
  undo.add(() => chosen.close());
  await seedObjects(site, objects, ports, data, chosen);

  const volumes = localVolumes(join(dataDir, 'volumes'));
  // The agent comes after the controllers, which only ask it when they run.
  const usage: ResourceMetrics = {
    pods: (namespace) => agent.usage.pods(namespace),
    nodes: () => agent.usage.nodes(),
  };
  const send = makeSender(site, objects);
  const evaluator = makeEvaluator(site);
  const { controllers, reader, certificates, config } = await makeControllers(site, {
    telemetry,
    keys,
    objects,
    data,
    events,
    telling,
    images,
    volumes,
    usage,
    send,
    evaluator,
  });
  await startSinks(site, { objects, config, certificates, send, evaluator, log });
  await startPodNetwork(site, { objects, chosen, ports, address: data.address, log });
  const agent = await startNode(site, { objects, chosen, images, volumes, data, apiPort: ports.api, log });
  const { api, running, stopping } = await startApi(site, {
    telemetry,
    keys,
    objects,
    controllers,
    telling,
    agent,
    journal: eventJournal({ events, reader }),
    port: ports.api,
  });

  const apiUrl = `https://${inUrl(listening.local)}:${api.port}`;
  const kubeconfig = join(dataDir, 'kubeconfig');
  const keepKubeconfig = ({ caPem, admin }: Keys) => writeWhole(kubeconfig, kubeconfigText(apiUrl, caPem, admin));
  const behind = { console: ports.console, registry: images.registryPort };
  const fronts = await startFronts(site, objects, keys, behind);
  keepRenewing(site, { api, fronts, keep: keepKubeconfig }, log);
  const consolePort = await openConsole(site, { telemetry, objects, data, port: ports.console, stopping });
  await keepKubeconfig(keys);
  const side = inUrl(listening.side);
  const endpoints: PlatformEndpoints = {
    api: apiUrl,
    gateway: `http://${inUrl(listening.localPlain)}:${data.address.http.port}`,
    gatewayTls: `https://${inUrl(listening.local)}:${data.address.https?.port ?? ports.gatewayTls}`,
    console: `http://${side}:${consolePort}`,
    registry: `http://${side}:${images.registryPort}`,
  };
  await openAdmin(site, { objects, images, chosen, data, room, endpoints, began });
  undo.add(tidyHeap(clock));
  // The first of a stop: what waits on the log is for the next start, not for services that are going.
  undo.add(() => data.rest());
  return {
    endpoints,
    kubeconfig,
    notices: [...notices, ...chosen.notices],
    announce: (example) =>
      writeWhole(endpointsFile, `${JSON.stringify({ ...endpoints, ...(example ? { example } : {}) }, null, 2)}\n`),
    async stop() {
      await rm(endpointsFile, { force: true });
      await undo.run();
    },
    ended: new Promise((_, reject) => {
      running.catch(reject);
    }),
  };
}

/** Makes the data folder this platform's own. Gives the file by which others hear that it is ready; it goes until then. */
async function takeFolder(dataDir: string, undo: Undo): Promise<string> {
  await mkdir(join(dataDir, 'run'), { recursive: true, mode: 0o700 });
  const lock = lockFolder(dataDir);
  undo.add(() => lock.release());
  const endpointsFile = join(dataDir, 'endpoints.json');
  await rm(endpointsFile, { force: true });
  return endpointsFile;
}

async function writeWhole(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
