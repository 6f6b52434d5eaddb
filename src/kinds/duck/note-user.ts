// Who made an object of Knative's, and who changed it last, as annotations of the kind's own group.

import { equal } from '#base/mod.ts';
import type { KubeObject, WriteContext } from '#machinery/mod.ts';
import { splitApiVersion } from '#machinery/mod.ts';

/** Notes who made the object, and who changed its spec last. */
export function noteUser(
  now: KubeObject & { spec: unknown },
  { user }: Pick<WriteContext, 'user'>,
  before: (KubeObject & { spec: unknown }) | undefined,
): void {
  if (before && equal(before.spec, now.spec)) return;
  const { group } = splitApiVersion(now.apiVersion);
  const annotations = (now.metadata.annotations ??= {});
  if (!before) annotations[`${group}/creator`] = user.name;
  annotations[`${group}/lastModifier`] = user.name;
}
