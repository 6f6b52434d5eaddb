// A DomainMapping: a host name of the user's own that leads to an addressable object.

import type { ObjectOf } from '#machinery/mod.ts';
import { condition, defineKind, field, living, livingStatus, object, reason, text } from '#machinery/mod.ts';
import { AddressSchema } from '../duck/addressable.ts';
import { noteUser } from '../duck/note-user.ts';
import { checkReference } from '../duck/reference.ts';
import { SERVING_WEBHOOK, servingLabels } from '../labels.ts';
import { checkDomainName } from './check-domain-mapping.ts';
import { checkCreator } from './check-metadata.ts';

const ReferenceSchema = object({
  address: text(),
  apiVersion: text(),
  group: text(),
  kind: text().required(),
  name: text().required(),
  namespace: text(),
});

export const DomainMapping = defineKind({
  apiVersion: 'serving.knative.dev/v1beta1',
  kind: 'DomainMapping',
  names: { plural: 'domainmappings', short: ['dm'], categories: ['all', 'knative', 'serving'] },
  scope: 'Namespaced',
  doc: 'DomainMapping is a mapping from a custom hostname to an Addressable.',
  spec: object({ ref: ReferenceSchema.required(), tls: object({ secretName: text().required() }) }),
  status: livingStatus({ url: text(), address: AddressSchema }),
  conditions: living('DomainClaimed', 'ReferenceResolved', 'IngressReady', 'CertificateProvisioned'),
  columns: { URL: field('status.url'), Ready: condition('Ready'), Reason: reason('Ready') },
  custom: true,
  crdLabels: servingLabels,
  webhook: SERVING_WEBHOOK,
  defaults(mapping, context, before) {
    if (context.subresource === 'status') return;
    if (mapping.spec.ref) mapping.spec.ref.namespace ||= mapping.metadata.namespace;
    noteUser(mapping, context, before);
  },
  check(mapping, errors, { subresource }, before) {
    if (subresource === 'status') return;
    errors.merge(checkDomainName(mapping.metadata), 'metadata');
    errors.merge(checkReference(mapping.spec.ref, { within: mapping.metadata.namespace }), 'spec.ref');
    if (before) errors.merge(checkCreator(mapping, before), 'metadata.annotations');
  },
});
export type DomainMapping = ObjectOf<typeof DomainMapping>;
