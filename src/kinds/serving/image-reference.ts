// Whether a text names an image, as go-containerregistry's weak validation sees it.

const TAG = /^[A-Za-z0-9_.-]{1,128}$/;
const REPOSITORY = /^[a-z0-9_./-]{2,255}$/;
const REGISTRY = /^[A-Za-z0-9.-]+(:\d+)?$|^\[[0-9a-fA-F:]+\](:\d+)?$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** What is wrong with an image reference; undefined where nothing is. */
export function imageFault(image: string): string | undefined {
  return isTagged(image) || isDigested(image) ? undefined : `could not parse reference: ${image}`;
}

function isTagged(image: string): boolean {
  const colon = image.lastIndexOf(':');
  const tag = colon < 0 ? '' : image.slice(colon + 1);
  if (colon < 0 || tag.includes('/')) return isRepository(image);
  return (tag === '' || TAG.test(tag)) && isRepository(image.slice(0, colon));
}

function isDigested(image: string): boolean {
  const [base = '', digest = '', ...more] = image.split('@');
  return more.length === 0 && DIGEST.test(digest) && isTagged(base);
}

function isRepository(name: string): boolean {
  const slash = name.indexOf('/');
  const host = slash < 0 ? '' : name.slice(0, slash);
  const hasHost = host.includes('.') || host.includes(':') || host === 'localhost';
  const repository = hasHost ? name.slice(slash + 1) : name;
  return (!hasHost || REGISTRY.test(host)) && REPOSITORY.test(repository);
}
