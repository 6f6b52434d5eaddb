// Scale: the body of the `scale` subresource. It is never stored.

import type { ObjectOf } from '#machinery/mod.ts';
import { defineKind, int32, object, text } from '#machinery/mod.ts';

export const Scale = defineKind({
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  names: { plural: 'scales' },
  scope: 'Namespaced',
  doc: 'Scale represents a scaling request for a resource.',
  spec: object({ replicas: int32() }),
  status: object({ replicas: int32().required(), selector: text() }),
  verbs: [],
});
export type Scale = ObjectOf<typeof Scale>;
