// An EventTransform: an address that makes events of one form into events of another.

import type { JsonObject } from '#base/mod.ts';
import type { ObjectOf } from '#machinery/mod.ts';
import {
  any,
  condition,
  defineKind,
  field,
  FieldErrors,
  flag,
  living,
  livingStatus,
  object,
  reason,
  text,
} from '#machinery/mod.ts';
import { addressFields, policyFields } from '../duck/addressable.ts';
import { checkDestination, DestinationSchema } from '../duck/destination.ts';
import { noteUser } from '../duck/note-user.ts';
import { eventingFeatures, referenceRules } from '../duck/rules.ts';
import { sourceStatusFields } from '../duck/source.ts';
import { EVENTING_WEBHOOK, eventingLabels } from '../labels.ts';

const JsonataSchema = object({ expression: text().doc('A JSONata expression over the event, as JSON.') });

export const EventTransform = defineKind({
  apiVersion: 'eventing.knative.dev/v1alpha1',
  kind: 'EventTransform',
  names: { plural: 'eventtransforms', categories: ['all', 'knative', 'eventing'] },
  scope: 'Namespaced',
  doc: 'EventTransform represents an event transformation.',
  spec: object({
    jsonata: JsonataSchema,
    sink: DestinationSchema.doc('Where transformed events go; they are the answer where this is not set.'),
    reply: object({ jsonata: JsonataSchema, discard: flag() }).doc('What becomes of the answer of the sink.'),
  }),
  status: livingStatus({
    ...addressFields,
    ...sourceStatusFields,
    ...policyFields,
    jsonata: object({ deployment: any<JsonObject>() }),
  }),
  conditions: living('TransformationReady', 'Addressable', 'EventPoliciesReady'),
  columns: {
    URL: field('status.address.url'),
    Sink: field('status.sinkUri'),
    Ready: condition('Ready'),
    Reason: reason('Ready'),
  },
  custom: true,
  crdLabels: { ...eventingLabels, 'duck.knative.dev/addressable': 'true' },
  webhook: EVENTING_WEBHOOK,
  defaults(transform, context, before) {
    if (context.subresource !== 'status') noteUser(transform, context, before);
  },
  check({ spec }, errors, context, before) {
    if (context.subresource === 'status') return;
    if (!spec.jsonata) errors.generic('expected exactly one, got neither', 'spec.jsonata');
    errors.merge(checkDestination(spec.sink, referenceRules(eventingFeatures(context))), 'spec.sink');
    if (spec.jsonata && spec.sink?.CACerts !== undefined) errors.generic(NO_CERTIFICATES, 'spec.sink.CACerts');
    errors.merge(checkReply(spec), 'spec.reply');
    if (before?.spec.jsonata && !spec.jsonata) errors.generic(IMMUTABLE);
  },
});
export type EventTransform = ObjectOf<typeof EventTransform>;

const NO_CERTIFICATES =
  'CACerts for the sink is not supported for JSONata transformations, to propagate CA trust bundles use labeled ConfigMaps: https://knative.dev/docs/eventing/features/transport-encryption/#configure-additional-ca-trust-bundles';
const IMMUTABLE =
  'Transformations types are immutable, transformation type cannot be changed to a jsonata transformation. Suggestion: create a new transformation, migrate services to the new one, and delete this transformation.';

function checkReply({ sink, reply }: EventTransform['spec']): FieldErrors {
  const errors = new FieldErrors();
  if (!reply) return errors;
  if (!sink) return errors.generic('reply is set without spec.sink', '');
  const isBoth = reply.jsonata && reply.discard;
  return isBoth ? errors.generic('expected exactly one, got both', 'discard', 'jsonata') : errors;
}
