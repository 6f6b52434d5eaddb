// Writers that change objects through the API until it dies under them, and tell the recorder of every answer they got.

import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '#base/mod.ts';
import { ConfigMap, Service } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { isReason } from '#machinery/mod.ts';
import type { Client } from '#objects/mod.ts';
import type { Content, Recorder } from './recorder.ts';

export const NAMESPACE = 'default';
export const IMAGE = 'ko.local/soak:latest';
/** Marks what is the soak's own. */
export const LABEL = 'soak.test/mark';

export interface WriterParts {
  readonly client: Client;
  readonly recorder: Recorder;
  readonly random: Random;
  /** The platform has been killed, or the writers are to end. */
  readonly signal: AbortSignal;
  /** The command of functions. */
  readonly command: readonly string[];
}

/** Names of one writer's objects: few, so that each sees many lives. */
const NAMES = 12;
const SERVICE_NAMES = 3;
const SERVICE_PAUSE_MS = 80;
/** A write that fails this long before the kill has failed by itself. */
const PATIENCE_MS = 5000;

/** Runs one writer of config maps until the signal; what fails before it is thrown. */
export async function writeConfigMaps(writer: string, parts: WriterParts): Promise<void> {
  const { random, recorder, signal } = parts;
  for (let turn = 0; !signal.aborted; turn++) {
    const name = `${writer}-${Math.floor(random.next() * NAMES)}`;
    const before = recorder.content(configMapKey(name));
    const mark = `${recorder.acknowledged} ${turn} ${random.next()}`;
    const pad = 'x'.repeat(Math.floor(random.next() ** 4 * 20_000));
    await tolerant(signal, () => changeConfigMap(name, before, { mark, pad }, parts));
  }
}

function changeConfigMap(
  name: string,
  before: Content,
  fresh: Record<string, string>,
  parts: WriterParts,
): Promise<void> {
  const { client, random } = parts;
  const key = configMapKey(name);
  if (!before) return told(parts, key, fresh, () => client.create(ConfigMap, configMap(name, fresh)));
  const chance = random.next();
  const { mark = '' } = fresh;
  const patched = { ...before, mark };
  if (chance < 0.4) return told(parts, key, fresh, () => client.update(ConfigMap, configMap(name, fresh)));
  if (chance < 0.6)
    return told(parts, key, patched, () => client.patch(ConfigMap, NAMESPACE, name, 'merge', { data: { mark } }));
  if (chance < 0.7) {
    const json = [{ op: 'replace', path: '/data/mark', value: mark }];
    return told(parts, key, patched, () => client.patch(ConfigMap, NAMESPACE, name, 'json', json));
  }
  if (chance < 0.8) {
    const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { mark } };
    const options = { fieldManager: 'soak-apply', force: true };
    return told(parts, key, patched, () => client.patch(ConfigMap, NAMESPACE, name, 'apply', applied, options));
  }
  return told(parts, key, undefined, () => client.delete(ConfigMap, NAMESPACE, name));
}

/** Runs one writer of Services. */
export async function writeServices(writer: string, parts: WriterParts): Promise<void> {
  const { client, random, recorder, signal, command } = parts;
  while (!signal.aborted) {
    const name = `${writer}-${Math.floor(random.next() * SERVICE_NAMES)}`;
    const key = serviceKey(name);
    const before = recorder.content(key);
    const mark = `m${Math.floor(random.next() * 1e9)}`;
    const chance = random.next();
    await tolerant(signal, () => {
      if (!before)
        return told(parts, key, { mark, env: mark }, () => client.create(Service, service(name, { mark, command })));
      if (chance < 0.6) {
        const labels = { metadata: { labels: { [LABEL]: mark } } };
        return told(parts, key, { ...before, mark }, () => client.patch(Service, NAMESPACE, name, 'merge', labels));
      }
      if (chance < 0.8) {
        const { template } = service(name, { mark, command }).spec;
        const changed = { spec: { template: structuredClone(template) as never } };
        return told(parts, key, { ...before, env: mark }, () =>
          client.patch(Service, NAMESPACE, name, 'merge', changed),
        );
      }
      return told(parts, key, undefined, () => client.delete(Service, NAMESPACE, name));
    });
    await pause(SERVICE_PAUSE_MS);
  }
}

/** A number that several writers raise, each only from what it has read. */
export class Counter {
  readonly acknowledged = new Set<number>();
  /** Numbers that were acknowledged to two writers. */
  readonly twice: number[] = [];
  doubtful = 0;

  async raise({ client, recorder, signal }: WriterParts): Promise<void> {
    while (!signal.aborted) {
      await tolerant(signal, async () => {
        const there = await client.get(ConfigMap, NAMESPACE, 'counter');
        if (!there)
          return void (await client.create(ConfigMap, configMap('counter', { value: '0' })).catch(unlessThere));
        const value = valueOf(there) + 1;
        this.doubtful += 1;
        const written = await client
          .update(ConfigMap, { ...there, data: { value: String(value) } })
          .catch(unlessConflict);
        this.doubtful -= 1;
        if (!written) return;
        recorder.see(written);
        if (this.acknowledged.has(value)) this.twice.push(value);
        this.acknowledged.add(value);
      });
    }
  }

  /** After a restart: what is wrong with the number that was found, if anything is. */
  verify(found: ConfigMap | undefined): string | undefined {
    const least = Math.max(0, ...this.acknowledged);
    const most = least + this.doubtful;
    const value = found ? valueOf(found) : 0;
    this.doubtful = 0;
    for (let one = least + 1; one <= value; one++) this.acknowledged.add(one);
    return value >= least && value <= most
      ? undefined
      : `the counter stands at ${value}, but must be ${least} to ${most}`;
  }
}

function valueOf({ data }: ConfigMap): number {
  return Number(data?.['value']);
}

function unlessConflict(thrown: unknown): undefined {
  if (!isReason(thrown, 'Conflict')) throw thrown;
}

function unlessThere(thrown: unknown): void {
  if (!isReason(thrown, 'AlreadyExists')) throw thrown;
}

/** Writes, and tells the recorder what came of it. */
async function told(
  { recorder }: WriterParts,
  key: string,
  content: Content,
  write: () => Promise<KubeObject | void>,
): Promise<void> {
  let answer: KubeObject | void;
  try {
    answer = await write();
  } catch (error) {
    recorder.doubt(key, content);
    throw error;
  }
  recorder.acknowledge(key, content, Number(answer?.metadata.resourceVersion ?? 0));
  if (answer) recorder.see(answer);
}

/** What fails because the platform was killed is no failure. The signal comes after the kill, so a moment is granted. */
async function tolerant(signal: AbortSignal, doing: () => Promise<void>): Promise<void> {
  try {
    await doing();
  } catch (error) {
    await pause(PATIENCE_MS, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) throw error;
  }
}

export const configMapKey = (name: string): string => `ConfigMap ${name}`;
export const serviceKey = (name: string): string => `Service ${name}`;

export function configMap(name: string, data: Record<string, string>): ConfigMap {
  const metadata = { name, namespace: NAMESPACE, labels: { [LABEL]: 'yes' } };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
}

export interface ServiceParts {
  readonly mark: string;
  readonly command: readonly string[];
  /** At least so many instances, and so many at first; none unless told. */
  readonly scale?: number;
}

/** Goes to zero after six idle seconds. */
export function service(name: string, { mark, command, scale = 0 }: ServiceParts): Service {
  const annotations = {
    'autoscaling.knative.dev/initial-scale': String(scale),
    'autoscaling.knative.dev/window': '6s',
    'autoscaling.knative.dev/max-scale': '1',
    ...(scale > 0 ? { 'autoscaling.knative.dev/min-scale': String(scale) } : {}),
  };
  const containers = [{ image: IMAGE, command: [...command], env: [{ name: 'MARK', value: mark }] }];
  return {
    apiVersion: Service.apiVersion,
    kind: Service.kind,
    metadata: { name, namespace: NAMESPACE, labels: { [LABEL]: mark } },
    spec: { template: { metadata: { annotations }, spec: { containers } } },
  } as unknown as Service;
}

/** What a writer put into a Service, read back. */
export function markOf({ metadata, spec }: Service): Content {
  const env = spec.template.spec.containers[0]?.env?.find(({ name }) => name === 'MARK')?.value ?? '';
  return { mark: metadata.labels?.[LABEL] ?? '', env };
}
