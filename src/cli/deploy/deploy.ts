// The work of `ebb deploy`: a folder becomes an image, the image a Service, and the Service becomes ready.

import { basename, resolve } from 'node:path';
import { PackError, packFolder } from '#functions/mod.ts';
import { causeOf, readable } from '#explain/mod.ts';
import { Pod, Service, SERVICE_LABEL, servingContainerOf } from '#kinds/mod.ts';
import { dns1035Label, isReady } from '#machinery/mod.ts';
import type { Client } from '#objects/mod.ts';
import { Failure, usage } from '../failure.ts';
import { checkNamespace } from '../namespace.ts';
import type { CliPorts } from '../ports.ts';
import type { Wish } from './service.ts';
import { changedService, newService } from './service.ts';

export interface DeployOptions extends Omit<Wish, 'name' | 'image'> {
  readonly dataDir: string;
  readonly name?: string;
  readonly timeoutMs: number;
  /** An annotation in which the Service notes of which generation it is by this deployment: who changes it makes another. */
  readonly noteGenerationIn?: string;
  /** Told of each step, for a person who waits. */
  readonly onProgress?: (text: string) => void;
}

export interface Deployed {
  readonly name: string;
  readonly image: string;
  readonly revision: string;
  readonly url: string;
  /** What became of the Service. */
  readonly action: 'created' | 'updated' | 'unchanged';
  /** Where its traffic goes, if none goes to the revision. */
  readonly trafficElsewhere?: readonly string[];
}

/** Packs a folder, stores it as an image, and deploys that. */
export async function deployFolder(path: string, options: DeployOptions, ports: CliPorts): Promise<Deployed> {
  const name = options.name ?? nameFrom(basename(resolve(path)));
  await checkPlace(name, options, ports);
  const packed = await packFolder(path).catch((error: unknown) => {
    throw error instanceof PackError ? new Failure(error.message) : error;
  });
  try {
    options.onProgress?.(`packing ${packed.plan.what}`);
    const images = await ports.images(options.dataDir);
    const repository = `dev.local/${options.namespace}/${name}`;
    const { entrypoint, env } = packed.plan;
    const { digest } = await images.add(
      `${repository}:latest`,
      { folder: packed.folder },
      { entrypoint, env, workingDir: '/workspace' },
      options.namespace,
    );
    return await roll(`${repository}@${digest}`, { ...options, name }, ports);
  } finally {
    await packed.discard();
  }
}

/** Deploys an image: creates the Service, or changes the template of the one that is there. */
export async function deployImage(
  image: string,
  options: DeployOptions & { readonly name: string },
  ports: CliPorts,
): Promise<Deployed> {
  await checkPlace(options.name, options, ports);
  return roll(image, options, ports);
}

async function roll(
  image: string,
  options: DeployOptions & { readonly name: string },
  ports: CliPorts,
): Promise<Deployed> {
  const { client } = await ports.connect(options.dataDir);
  const before = await client.get(Service, options.namespace, options.name);
  const wish = { ...options, image };
  const noted = noteOf(options.noteGenerationIn, generationBy(image, before));
  const written = before
    ? await client.update(Service, changedService(before, wish, noted))
    : await client.create(Service, newService(wish, noted));
  const ready = await untilReady(client, written, options, ports);
  const revision = ready.status?.latestReadyRevisionName ?? '';
  const elsewhere = elsewhereThan(revision, ready);
  return {
    name: options.name,
    image,
    revision,
    url: ready.status?.url ?? '',
    action: actionOf(before, written),
    ...(elsewhere.length > 0 ? { trafficElsewhere: elsewhere } : {}),
  };
}

function actionOf(before: Service | undefined, written: Service): Deployed['action'] {
  if (!before) return 'created';
  return before.metadata.generation === written.metadata.generation ? 'unchanged' : 'updated';
}

/** Before anything is packed: whether there can be a Service of this name there. */
async function checkPlace(name: string, { dataDir, namespace }: DeployOptions, ports: CliPorts): Promise<void> {
  const [fault] = dns1035Label(name);
  if (fault) throw usage(`${JSON.stringify(name)} cannot be a Service's name: ${fault}`);
  const { client } = await ports.connect(dataDir);
  await checkNamespace(client, namespace);
}

/** The generation that a Service has once it runs this image. */
function generationBy(image: string, before: Service | undefined): number {
  const { generation = 0 } = before?.metadata ?? {};
  const { containers = [] } = before?.spec.template.spec ?? {};
  return servingContainerOf(containers)?.image === image ? generation : generation + 1;
}

const noteOf = (key: string | undefined, generation: number): Record<string, string> =>
  key ? { [key]: String(generation) } : {};

/** The revisions that get the traffic, where this one gets none of it. */
function elsewhereThan(revision: string, { status }: Service): string[] {
  const served = (status?.traffic ?? []).filter(({ percent }) => (percent ?? 0) > 0);
  const names = served.map(({ revisionName }) => revisionName ?? '');
  return names.includes(revision) ? [] : [...new Set(names)];
}

async function untilReady(client: Client, written: Service, options: DeployOptions, ports: CliPorts): Promise<Service> {
  const { name, namespace = '' } = written.metadata;
  const signal = AbortSignal.any([ports.signal, AbortSignal.timeout(options.timeoutMs)]);
  // A deploy that changes nothing is followed by no news.
  if (isSettled(written, anewSteps)) return written;
  let last = written;
  let said = '';
  try {
    const fieldSelector = `metadata.name=${name}`;
    for await (const event of client.watch(
      Service,
      written.metadata.resourceVersion ?? '',
      { namespace, fieldSelector },
      signal,
    )) {
      if (event.type === 'BOOKMARK') continue;
      last = event.object;
      if (isSettled(last)) return last;
      const progress = progressOf(last);
      if (progress && progress !== said) options.onProgress?.(`waiting: ${progress}`);
      said = progress;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (ports.signal.aborted) throw new Failure('Cancelled; the Service stays as it was written.', 130);
  throw new Failure(
    `Service ${name} is not ready after ${options.timeoutMs / 1000} s: ${await delayOf(last, client)}\n${nextSteps(name)}`,
  );
}

/** Whether it is ready for what it says now. Throws Failure where it cannot become so; `advice` may say what else helps. */
function isSettled(service: Service, advice: (service: Service) => string = () => ''): boolean {
  if (isReady(service)) return true;
  const { metadata, status } = service;
  if (causeOf(status)?.status === 'False' && status?.observedGeneration === metadata.generation)
    throw refused(service, advice(service));
  return false;
}

function refused({ metadata: { name }, status }: Service, advice: string): Failure {
  const { reason = 'no reason given', message = '' } = causeOf(status) ?? {};
  const before = status?.latestReadyRevisionName;
  const rest = before ? `\nRevision ${before} goes on to serve.` : '';
  return new Failure(
    `Service ${name} cannot become ready (${reason}): ${readable(message.trim())}${rest}\n${advice}${nextSteps(name)}`,
  );
}

/** A Revision that has failed is not tried again, and the same template makes no other. */
function anewSteps({ metadata: { name, namespace = '' }, status }: Service): string {
  const orElse = status?.latestReadyRevisionName
    ? ''
    : `, or delete the Service and deploy again: kubectl delete ksvc ${name} -n ${namespace}`;
  return `Nothing differs from the last deployment, so nothing is tried again. Change the source, or a variable with --env${orElse}.\n`;
}

function nextSteps(name: string): string {
  return `'ebb why ${name}' tells more, 'ebb logs ${name}' shows what it printed.`;
}

/** What a Service waits for, in a line; empty where its conditions do not say. */
function progressOf({ status }: Service): string {
  const cause = causeOf(status);
  if (cause?.status !== 'Unknown') return '';
  return [cause.reason, cause.message].filter(Boolean).join(': ');
}

/** Why it takes so long: what its instances do says more than its conditions. */
async function delayOf(service: Service, client: Client): Promise<string> {
  const { name, namespace = '' } = service.metadata;
  const { items } = await client.list(Pod, { namespace, labelSelector: `${SERVICE_LABEL}=${name}` });
  const containers = items.flatMap(({ status }) => status?.containerStatuses ?? []);
  const silent = containers.some(({ ready, state }) => !ready && state?.running);
  if (silent) return 'its program runs but does not answer. It must listen on the port in $PORT.';
  const waiting = containers.find(({ state }) => state?.waiting)?.state?.waiting;
  const words = waiting ? [waiting.reason, waiting.message].filter(Boolean).join(': ') : progressOf(service);
  return `${readable(words) || 'no instance has started yet'}.`;
}

/** A Service's name from a folder's: lower case, dashes for what may not be in it. */
export function nameFrom(folder: string): string {
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '')
    .slice(0, 50);
  if (!name)
    throw new Failure(
      `No Service name can be made from the folder's name ${JSON.stringify(folder)}. Give one with --name.`,
    );
  return name;
}
