// The Service that a deployment makes, or makes of the one that is there: what it does not speak of stays as others have set it. Pure.

import { Service, servingContainerOf } from '#kinds/mod.ts';

/** What a deployment wants of a Service. Absent: as it is, or the usual. */
export interface Wish {
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
  /** By name; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly port?: number;
  readonly concurrency?: number;
  readonly scale?: { readonly min?: number; readonly max?: number };
}

type Annotations = Readonly<Record<string, string>>;
type Template = Service['spec']['template'];
type Containers = NonNullable<Template['spec']['containers']>;
type Container = Containers[number];

/** `annotations` are those of the Service itself. */
export function newService(wish: Wish, annotations: Annotations): Service {
  return {
    apiVersion: Service.apiVersion,
    kind: Service.kind,
    metadata: { name: wish.name, namespace: wish.namespace, ...unlessEmpty({ annotations }) },
    // Set only where a Service is new, so a template without it would be another one.
    spec: { template: templateBy(wish, { spec: { enableServiceLinks: false } } as Template) },
  };
}

export function changedService(before: Service, wish: Wish, annotations: Annotations): Service {
  const all = { ...before.metadata.annotations, ...annotations };
  return {
    ...before,
    metadata: { ...before.metadata, ...unlessEmpty({ annotations: all }) },
    spec: { ...before.spec, template: templateBy(wish, before.spec.template) },
  };
}

function templateBy(wish: Wish, { metadata, spec, ...rest }: Template): Template {
  return {
    ...rest,
    ...unlessEmpty({ metadata: metadataBy(wish, metadata) }),
    spec: {
      ...spec,
      containers: containersBy(wish, spec.containers ?? []),
      ...(wish.concurrency === undefined ? {} : { containerConcurrency: wish.concurrency }),
    },
  };
}

function metadataBy({ scale: { min, max } = {} }: Wish, before: Template['metadata']): Template['metadata'] {
  // A name that somebody gave the revision that is there would be taken.
  const { name: _, annotations, ...kept } = before ?? {};
  const all = {
    ...annotations,
    ...(min === undefined ? {} : { 'autoscaling.knative.dev/min-scale': String(min) }),
    ...(max === undefined ? {} : { 'autoscaling.knative.dev/max-scale': String(max) }),
  };
  return { ...kept, ...unlessEmpty({ annotations: all }) };
}

/** The one that takes requests is what is deployed; others beside it stay. */
function containersBy(wish: Wish, before: Containers): Containers {
  const deployed = servingContainerOf(before);
  if (!deployed) return [containerBy(wish, {} as Container)];
  return before.map((container) => (container === deployed ? containerBy(wish, container) : container));
}

function containerBy({ image, env, port }: Wish, { env: before = [], ports = [], ...rest }: Container): Container {
  const all = environmentBy(env ?? {}, before);
  const [first] = ports;
  return {
    ...rest,
    image,
    ...unlessEmpty({ env: all, ports: port === undefined ? ports : [{ ...first, containerPort: port }] }),
  };
}

type Variables = NonNullable<Container['env']>;

/** Those that are there keep their places. */
function environmentBy(wished: NonNullable<Wish['env']>, before: Variables): Variables {
  const kept = before.filter(({ name }) => !Object.hasOwn(wished, name) || wished[name] !== undefined);
  const set = kept.map((one) => {
    const value = wished[one.name];
    return value === undefined ? one : { name: one.name, value };
  });
  const added = Object.entries(wished).flatMap(([name, value]) =>
    value === undefined || before.some((one) => one.name === name) ? [] : [{ name, value }],
  );
  return [...set, ...added];
}

/** Only those fields that hold something. */
function unlessEmpty<T extends object>(fields: T): Partial<T> {
  const full = Object.entries(fields).filter(([, value]) => value && Object.keys(value as object).length > 0);
  return Object.fromEntries(full) as Partial<T>;
}
