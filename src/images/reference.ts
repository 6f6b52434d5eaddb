// Names of images as people write them (distribution/reference): registry, repository, tag or digest.

export interface Reference {
  /** `index.docker.io` where none is written. */
  readonly registry: string;
  readonly repository: string;
  /** `latest` where neither a tag nor a digest is written. */
  readonly tag?: string;
  readonly digest?: string;
}

export const DEFAULT_REGISTRY = 'index.docker.io';
/** Registries that are no places: their images are only ever brought in by hand. */
const LOCAL_REGISTRIES: ReadonlySet<string> = new Set(['ko.local', 'dev.local', 'kind.local']);
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;

/** The parts of a reference, or what is wrong with it. */
export function parseReference(text: string): Reference | { readonly problem: string } {
  const [name = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest)))
    return { problem: `${JSON.stringify(text)} has no valid digest: expected sha256: and 64 hex digits` };
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  const tag = hasTag ? name.slice(colon + 1) : undefined;
  if (tag !== undefined && !TAG.test(tag)) return { problem: `${JSON.stringify(text)} has no valid tag` };
  const path = (hasTag ? name.slice(0, colon) : name).split('/');
  const [first = ''] = path;
  const hasRegistry = path.length > 1 && (first.includes('.') || first.includes(':') || first === 'localhost');
  const registry = hasRegistry ? first : DEFAULT_REGISTRY;
  const components = hasRegistry ? path.slice(1) : path;
  if (components.some((component) => !COMPONENT.test(component))) {
    return {
      problem: `${JSON.stringify(text)} is no image name: a repository's parts are lower-case letters, digits, and single . _ - between them`,
    };
  }
  const repository = !hasRegistry && components.length === 1 ? `library/${components[0]}` : components.join('/');
  return {
    registry: registry === 'docker.io' ? DEFAULT_REGISTRY : registry,
    repository,
    ...(digest ? { digest } : { tag: tag ?? 'latest' }),
    ...(digest && tag ? { tag } : {}),
  };
}

/** The reference of a name that must be valid. Throws Error with what is wrong. */
export function referenceOf(text: string): Reference {
  const parsed = parseReference(text);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed;
}

/** Whether images of this registry are brought in by hand and never pulled. */
export function isBroughtByHand(registry: string): boolean {
  return LOCAL_REGISTRIES.has(registry);
}

/** One spelling for each image: registry, repository, and tag or digest written out. */
export function canonical({ registry, repository, tag, digest }: Reference): string {
  return digest ? `${registry}/${repository}@${digest}` : `${registry}/${repository}:${tag ?? 'latest'}`;
}
