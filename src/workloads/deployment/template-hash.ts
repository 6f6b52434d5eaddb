// The short word by which a Deployment tells the ReplicaSets of its templates apart.

import { canonicalJson, equal, fnv32a } from '#base/mod.ts';
import type { PodTemplateSpec } from '#kinds/mod.ts';
import { POD_TEMPLATE_HASH_LABEL } from '#kinds/mod.ts';

/** Kubernetes' alphabet for words made from numbers: without vowels and look-alikes. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** The same for equal templates; another one for each count of collisions. */
export function templateHash(template: PodTemplateSpec, collisions = 0): string {
  const number = fnv32a(canonicalJson(template) + (collisions > 0 ? String(collisions) : ''));
  return Array.from(String(number), (digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join('');
}

/** Whether two templates mean the same Pods; the hash label aside. */
export function sameTemplate(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  return equal(withoutHash(a), withoutHash(b));
}

function withoutHash({ metadata, spec }: PodTemplateSpec): unknown {
  const { [POD_TEMPLATE_HASH_LABEL]: _hash, ...labels } = metadata?.labels ?? {};
  return { metadata: { ...metadata, labels, creationTimestamp: undefined }, spec };
}
