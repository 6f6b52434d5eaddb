// Names of children that always fit (knative.dev/pkg kmeta.ChildName): at most 63 characters, the same for the same parent.

import { md5 } from '#base/mod.ts';

const LONGEST = 63;
const MD5_LENGTH = 32;
const HEAD = LONGEST - MD5_LENGTH;

/** `parent` and `suffix` joined; where that is too long, a part of it is replaced by a hash of the whole. */
export function childName(parent: string, suffix: string): string {
  if (parent.length + suffix.length <= LONGEST) return parent + suffix;
  if (suffix.length < HEAD) return parent.slice(0, HEAD - suffix.length) + md5(parent) + suffix;
  const hashed = parent.slice(0, HEAD) + md5(parent + suffix);
  return (hashed + suffix.slice(0, LONGEST - hashed.length)).slice(0, LONGEST).replace(/[^a-zA-Z0-9]+$/, '');
}
