// Which objects a list or a watch of a kind is about, from selectors as text.

import type { Kind, KubeObject } from '#machinery/mod.ts';
import { parseFieldSelector, parseLabelSelector } from '#machinery/mod.ts';
import type { ListOptions } from './client.ts';
import type { Selection } from './watch.ts';

/** Throws 400 for a selector that cannot be read, or a field by which the kind cannot be selected. */
export function selectionOf(kind: Kind, { namespace, labelSelector, fieldSelector }: ListOptions): Selection {
  const tests: ((object: KubeObject) => boolean)[] = [];
  if (labelSelector) {
    const selector = parseLabelSelector(labelSelector);
    tests.push(({ metadata }) => selector.matches(metadata.labels));
  }
  if (fieldSelector) {
    const selector = parseFieldSelector(fieldSelector, kind);
    tests.push((object) => selector.matches(object));
  }
  const isAll = kind.scope === 'Cluster' || namespace === undefined || namespace === '';
  return {
    ...(isAll ? {} : { namespace }),
    ...(tests.length > 0 ? { matches: (object: KubeObject) => tests.every((test) => test(object)) } : {}),
  };
}
