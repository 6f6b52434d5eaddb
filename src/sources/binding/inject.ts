// What a SinkBinding puts into a template of Pods, and takes out again. Pure; a template is changed only in a copy.

import { copy, isRecord } from '#base/mod.ts';
import type { CeOverrides } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import type { SinkAddress } from '../sinks.ts';

/** What containers are told. */
export interface Injection {
  readonly address: SinkAddress;
  readonly ceOverrides?: CeOverrides | undefined;
  /** The Secret with the token that the containers show, where the sink asks who they are. */
  readonly tokenSecret?: string | undefined;
  /** ConfigMaps of the namespace whose certificates the containers are to trust. */
  readonly bundles?: readonly string[] | undefined;
}

const SINK = 'K_SINK';
const OVERRIDES = 'K_CE_OVERRIDES';
const CA_CERTS = 'K_CA_CERTS';
const NAMES = new Set([SINK, OVERRIDES, CA_CERTS]);
const TOKEN_VOLUME = 'oidc-token';
const TOKEN_PATH = '/oidc';
const BUNDLES_VOLUME = 'kne-bundle-volume';
const BUNDLES_PATH = '/knative-custom-certs';

/** Environment variables and volumes that bindings put into templates. */
export const INJECTED_VARIABLES: ReadonlySet<string> = NAMES;
export const INJECTED_VOLUMES: ReadonlySet<string> = new Set([TOKEN_VOLUME, BUNDLES_VOLUME]);

type Fields = Record<string, unknown>;

/** The same object with what an injection says in each container of its template. One without a template stays as it is. */
export function inject<O extends KubeObject>(object: O, injection: Injection): O {
  return changed(object, (pod) => {
    takeOut(pod);
    for (const container of containersOf(pod)) tell(container, injection);
    const { tokenSecret, bundles = [] } = injection;
    if (tokenSecret) mount(pod, [{ secret: { name: tokenSecret } }], { name: TOKEN_VOLUME, mountPath: TOKEN_PATH });
    const configMaps = bundles.map((name) => ({ configMap: { name } }));
    if (configMaps.length > 0)
      mount(pod, configMaps, { name: BUNDLES_VOLUME, readOnly: true, mountPath: BUNDLES_PATH });
  });
}

/** The same object without what any injection put into it. */
export function undo<O extends KubeObject>(object: O): O {
  return changed(object, takeOut);
}

/** Whether an object has a template of Pods, where bindings put what they say (`spec.template.spec`). */
export function hasTemplate(object: KubeObject): boolean {
  return templateOf(object) !== undefined;
}

function changed<O extends KubeObject>(object: O, change: (pod: Fields) => void): O {
  if (!hasTemplate(object)) return object;
  const copied = copy(object);
  const pod = templateOf(copied);
  if (pod) change(pod);
  return copied;
}

function templateOf(object: unknown): Fields | undefined {
  let value = object;
  for (const field of ['spec', 'template', 'spec']) value = isRecord(value) ? value[field] : undefined;
  return isRecord(value) ? value : undefined;
}

function containersOf(pod: Fields): Fields[] {
  return [pod['initContainers'], pod['containers']].flatMap(listOf).filter(isRecord);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

const nameOf = (value: unknown): unknown => (isRecord(value) ? value['name'] : undefined);

function takeOut(pod: Fields): void {
  for (const container of containersOf(pod)) {
    without(container, 'env', (entry) => NAMES.has(String(nameOf(entry))));
    without(container, 'volumeMounts', (entry) => INJECTED_VOLUMES.has(String(nameOf(entry))));
  }
  without(pod, 'volumes', (entry) => INJECTED_VOLUMES.has(String(nameOf(entry))));
}

/** Takes entries out of a list; one that was not there does not come, and one that nothing was taken from stays. */
function without(owner: Fields, field: string, goes: (entry: unknown) => boolean): void {
  const list = listOf(owner[field]);
  const kept = list.filter((entry) => !goes(entry));
  if (kept.length === list.length) return;
  if (kept.length > 0) owner[field] = kept;
  else delete owner[field];
}

function tell(container: Fields, { address, ceOverrides }: Injection): void {
  container['env'] = [
    ...listOf(container['env']),
    { name: SINK, value: address.url },
    ...(address.CACerts ? [{ name: CA_CERTS, value: address.CACerts }] : []),
    { name: OVERRIDES, value: ceOverrides ? JSON.stringify(ceOverrides) : '' },
  ];
}

/** One volume of these sources, in each container. */
function mount(pod: Fields, sources: readonly Fields[], at: Fields): void {
  pod['volumes'] = [...listOf(pod['volumes']), { name: at['name'], projected: { sources } }];
  for (const container of containersOf(pod))
    container['volumeMounts'] = [...listOf(container['volumeMounts']), { ...at }];
}
