// An Image: one that should be near before it is needed.

import type { ObjectOf } from '#machinery/mod.ts';
import { defineKind, field, list, living, livingStatus, object, text } from '#machinery/mod.ts';
import { LocalObjectReferenceSchema } from '../core/references.ts';
import { servingLabels } from '../labels.ts';

export const Image = defineKind({
  apiVersion: 'caching.internal.knative.dev/v1alpha1',
  kind: 'Image',
  names: { plural: 'images', categories: ['knative-internal', 'caching'] },
  scope: 'Namespaced',
  doc: 'Image is a Knative abstraction that encapsulates the interface by which Knative components express a desire to have a particular image cached.',
  spec: object({
    image: text().required(),
    imagePullSecrets: list(LocalObjectReferenceSchema),
    serviceAccountName: text(),
  }),
  status: livingStatus({}),
  conditions: living(),
  columns: { Image: field('spec.image') },
  custom: true,
  crdLabels: servingLabels,
});
export type Image = ObjectOf<typeof Image>;
