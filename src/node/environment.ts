// The environment of a container (core/v1 EnvVar, EnvFromSource): literals with $(NAME), references, what the Pod says of itself, and
// where Services are.

import { isRecord, parseQuantity } from '#base/mod.ts';
import type { ConfigMap, Container, CoreService, Pod, Secret } from '#kinds/mod.ts';
import { hostnameOf } from './place-request.ts';
import { serviceLinks } from './service-links.ts';

/** Where references lead; undefined where there is no such object. */
export interface References {
  configMap(name: string): ConfigMap | undefined;
  secret(name: string): Secret | undefined;
  /** Services of the namespace; absent where no address of theirs leads anywhere. */
  services?(): readonly CoreService[];
}

/** What the node knows of a Pod beyond the Pod itself. */
export interface PodFacts {
  readonly podIP: string;
  readonly hostIP: string;
  readonly nodeName: string;
  /** What limits are taken to be where a container sets none: cores and bytes of this machine. */
  readonly capacity?: { readonly cpu: number; readonly memory: number } | undefined;
}

/** What a container gets, and the part of it that `$(NAME)` may name: all but HOSTNAME and what the image sets. */
export type Environment =
  | { readonly env: [string, string][]; readonly known: ReadonlyMap<string, string> }
  | { readonly problem: string };

/** Where a container's environment comes from. */
export interface EnvironmentSources {
  /** What every container of the node gets. */
  readonly common?: readonly (readonly [string, string])[];
  /** What the image itself sets, as `NAME=value`; the container's own names win over it. */
  readonly image: readonly string[];
  readonly references: References;
  readonly facts: PodFacts;
}

export function environmentOf(
  pod: Pod,
  container: Container,
  { common = [], image, references, facts }: EnvironmentSources,
): Environment {
  const known = new Map<string, string>([...linksFor(pod, references), ...common]);
  try {
    for (const source of container.envFrom ?? [])
      for (const [name, value] of fromSource(source, references)) known.set(name, value);
    for (const { name, value = '', valueFrom } of container.env ?? []) {
      const found = valueFrom ? fromReference(valueFrom, pod, container, references, facts) : expand(value, known);
      if (found !== undefined) known.set(name, found);
    }
  } catch (error) {
    if (error instanceof MissingReference) return { problem: error.message };
    throw error;
  }
  return { env: [...new Map([['HOSTNAME', hostnameOf(pod)], ...image.map(splitPair), ...known])], known };
}

/** A Pod that says nothing of them has them, as on Kubernetes. */
function linksFor({ spec: { enableServiceLinks = true } }: Pod, { services }: References): [string, string][] {
  return enableServiceLinks && services ? serviceLinks(services()) : [];
}

/** Something that a Pod names is not there. */
export class MissingReference extends Error {
  override readonly name = 'MissingReference';
}

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
}

/** `$(NAME)` of what is already set; `$$` is one dollar; what is not known stays as it is written. */
export function expand(text: string, env: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$(\$|\(([^)]+)\))/g, (whole, mark: string, name: string) =>
    mark === '$' ? '$' : (env.get(name) ?? whole),
  );
}

type EnvFrom = NonNullable<Container['envFrom']>[number];
type ValueFrom = NonNullable<NonNullable<Container['env']>[number]['valueFrom']>;

function* fromSource(
  { prefix = '', configMapRef, secretRef }: EnvFrom,
  references: References,
): Generator<[string, string]> {
  if (configMapRef?.name) {
    const found = references.configMap(configMapRef.name);
    if (!found && !configMapRef.optional)
      throw new MissingReference(`configmap ${JSON.stringify(configMapRef.name)} not found`);
    for (const [name, value] of Object.entries(found?.data ?? {})) yield [prefix + name, value];
  }
  if (secretRef?.name) {
    const found = references.secret(secretRef.name);
    if (!found && !secretRef.optional) throw new MissingReference(`secret ${JSON.stringify(secretRef.name)} not found`);
    for (const [name, value] of Object.entries(found?.data ?? {}))
      yield [prefix + name, Buffer.from(value, 'base64').toString()];
  }
}

function fromReference(
  from: ValueFrom,
  pod: Pod,
  container: Container,
  references: References,
  facts: PodFacts,
): string | undefined {
  const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef } = from;
  if (configMapKeyRef) {
    const { name = '', key, optional } = configMapKeyRef;
    return needed(
      references.configMap(name)?.data?.[key],
      optional,
      'configmap',
      name,
      key,
      references.configMap(name),
    );
  }
  if (secretKeyRef) {
    const { name = '', key, optional } = secretKeyRef;
    const value = references.secret(name)?.data?.[key];
    return needed(
      value === undefined ? undefined : Buffer.from(value, 'base64').toString(),
      optional,
      'secret',
      name,
      key,
      references.secret(name),
    );
  }
  if (fieldRef) return fieldOf(pod, fieldRef.fieldPath, facts);
  if (resourceFieldRef) return resourceOf(pod, container, resourceFieldRef, facts);
  return undefined;
}

function needed(
  value: string | undefined,
  optional: boolean | undefined,
  kind: string,
  name: string,
  key: string,
  object: unknown,
): string | undefined {
  if (value !== undefined || optional) return value;
  if (object === undefined) throw new MissingReference(`${kind} ${JSON.stringify(name)} not found`);
  throw new MissingReference(`couldn't find key ${key} in ${kind === 'secret' ? 'Secret' : 'ConfigMap'} ${name}`);
}

/** A field of the Pod by the paths that the downward API knows. */
export function fieldOf(pod: Pod, path: string, { podIP, hostIP, nodeName }: PodFacts): string {
  const { metadata, spec } = pod;
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed) return metadata[keyed[1] as 'labels' | 'annotations']?.[keyed[2] ?? ''] ?? '';
  const simple: Record<string, string | undefined> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'spec.nodeName': nodeName,
    'spec.serviceAccountName': spec.serviceAccountName,
    'status.hostIP': hostIP,
    'status.hostIPs': hostIP,
    'status.podIP': podIP,
    'status.podIPs': podIP,
  };
  if (Object.hasOwn(simple, path)) return simple[path] ?? '';
  if (path === 'metadata.labels' || path === 'metadata.annotations')
    return mapLines(metadata[path === 'metadata.labels' ? 'labels' : 'annotations']);
  throw new MissingReference(`field path ${JSON.stringify(path)} is not supported`);
}

function mapLines(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}

interface ResourceReference {
  readonly containerName?: string | undefined;
  readonly resource: string;
  readonly divisor?: string | number | undefined;
}

/** `limits.cpu` and its kin, divided and rounded up; a limit that is not set is the machine's. */
export function resourceOf(
  { spec }: Pod,
  own: Container | undefined,
  { containerName, resource, divisor = 1 }: ResourceReference,
  { capacity }: Pick<PodFacts, 'capacity'>,
): string {
  const named = () => [...spec.containers, ...(spec.initContainers ?? [])].find(({ name }) => name === containerName);
  const container = containerName ? named() : own;
  if (!container) throw new MissingReference(`container ${JSON.stringify(containerName ?? '')} not found in the pod`);
  const [side = '', ...rest] = resource.split('.');
  const name = rest.join('.');
  const list = (container.resources as Record<string, unknown> | undefined)?.[side];
  const set = isRecord(list) ? parseQuantity((list[name] as string | number | undefined) ?? 0) : 0;
  const whole = side === 'limits' && (name === 'cpu' || name === 'memory') ? capacity?.[name] : undefined;
  return String(Math.ceil((set || whole || 0) / (parseQuantity(divisor) || 1)));
}
