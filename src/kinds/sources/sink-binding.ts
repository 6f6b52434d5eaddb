// A SinkBinding: tells programs that run anyway where to send their events.

import type { ObjectOf } from '#machinery/mod.ts';
import { defineKind, living, livingStatus, object, text } from '#machinery/mod.ts';
import { LabelSelectorSchema } from '../core/references.ts';
import { defaultDestination } from '../duck/destination.ts';
import { noteUser } from '../duck/note-user.ts';
import { sourceSpecFields, sourceStatusFields } from '../duck/source.ts';
import { EVENTING_WEBHOOK } from '../labels.ts';
import { checkSource } from './check-source.ts';
import { checkSubject } from './check-subject.ts';
import { sourceColumns, sourceLabels } from './labels.ts';

export const SinkBinding = defineKind({
  apiVersion: 'sources.knative.dev/v1',
  kind: 'SinkBinding',
  names: { plural: 'sinkbindings', categories: ['all', 'knative', 'sources', 'bindings'] },
  scope: 'Namespaced',
  doc: 'SinkBinding tells the containers of its subject where to send events, by the environment variable K_SINK.',
  spec: object({
    ...sourceSpecFields,
    subject: object({
      apiVersion: text(),
      kind: text(),
      namespace: text(),
      name: text().doc('One object; not beside a selector.'),
      selector: LabelSelectorSchema.doc('Objects by their labels; not beside a name.'),
    }).doc('What has a template of Pods and is to be told.'),
  }),
  status: livingStatus({ ...sourceStatusFields, oidcTokenSecretName: text() }),
  conditions: living(
    'SinkBindingAvailable',
    'SinkProvided',
    'OIDCIdentityCreated',
    'OIDCTokenSecretCreated',
    'TrustBundlePropagated',
  ),
  columns: sourceColumns,
  custom: true,
  crdLabels: { ...sourceLabels, 'duck.knative.dev/binding': 'true' },
  webhook: EVENTING_WEBHOOK,
  defaults(binding, context, before) {
    if (context.subresource === 'status') return;
    const { spec, metadata } = binding;
    if (spec.subject && metadata.namespace) spec.subject.namespace ||= metadata.namespace;
    defaultDestination(spec.sink, metadata.namespace);
    noteUser(binding, context, before);
  },
  check({ metadata, spec }, errors, context) {
    if (context.subresource === 'status') return;
    errors.merge(checkSubject(spec.subject), 'spec.subject');
    errors.merge(checkSource(spec, context), 'spec');
    const { namespace } = spec.subject ?? {};
    if (namespace && namespace !== metadata.namespace) errors.invalid(namespace, 'spec.subject.namespace');
  },
});
export type SinkBinding = ObjectOf<typeof SinkBinding>;
