// The CustomResourceDefinitions of Knative's kinds, as a cluster takes them by `kubectl apply --server-side`.

import { stringify } from 'yaml';
import { allKinds } from '#kinds/mod.ts';
import type { Kind } from '#machinery/mod.ts';
import { crdOf } from '#machinery/mod.ts';

const NOTE = '# Written by `npm run generate -- crds` from the page of the kind in src/kinds.\n';

/** Each definition with its path, sorted by path. */
export function crdFiles(): [string, string][] {
  const byResource = Map.groupBy(
    allKinds.filter(({ custom }) => custom),
    ({ resource }) => resource,
  );
  return [...byResource.values()]
    .map((kinds): [string, string] => {
      const [first] = kinds as [Kind, ...Kind[]];
      const text = stringify(crdOf(kinds as [Kind, ...Kind[]]), { lineWidth: 0, aliasDuplicateObjects: false });
      return [`config/crds/${first.names.plural}.${first.group}.yaml`, NOTE + text];
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
