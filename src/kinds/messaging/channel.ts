// A Channel: a channel of whichever kind the platform or its maker has chosen, which stands behind it.

import type { ObjectOf } from '#machinery/mod.ts';
import { defineKind, FieldErrors, living, livingStatus, object } from '#machinery/mod.ts';
import { channelDefaultsConfig } from '../config/channel-templates.ts';
import { configOf } from '../config/of-context.ts';
import { checkDelivery, defaultDelivery } from '../duck/delivery.ts';
import { addressColumns } from '../duck/addressable.ts';
import { noteUser } from '../duck/note-user.ts';
import { KReferenceSchema } from '../duck/reference.ts';
import { eventingFeatures } from '../duck/rules.ts';
import type { ChannelTemplate } from '../duck/subscribable.ts';
import { channelableSpecFields, channelableStatusFields, ChannelTemplateSchema } from '../duck/subscribable.ts';
import { checkUnchanged, except } from '../duck/unchanged.ts';
import { SUBSCRIBABLE_ANNOTATION } from '../eventing/labels.ts';
import { checkStreamSettings } from '../eventing/check-settings.ts';
import { EVENTING_WEBHOOK, eventingLabels } from '../labels.ts';

/** Labels of the CRD of a kind of channel. */
export const channelLabels: Readonly<Record<string, string>> = {
  ...eventingLabels,
  'messaging.knative.dev/subscribable': 'true',
  'duck.knative.dev/addressable': 'true',
};

export const Channel = defineKind({
  apiVersion: 'messaging.knative.dev/v1',
  kind: 'Channel',
  names: { plural: 'channels', short: ['ch'], categories: ['all', 'knative', 'messaging', 'channel'] },
  scope: 'Namespaced',
  doc: 'Channel represents a generic Channel. It is normally used when the code wants a Channel, but does not need a specific kind.',
  spec: object({
    channelTemplate: ChannelTemplateSchema.doc('The kind of channel that stands behind, and its spec.'),
    ...channelableSpecFields,
  }),
  status: livingStatus({
    ...channelableStatusFields,
    channel: KReferenceSchema.doc('The channel that stands behind.'),
  }),
  conditions: living('BackingChannelReady', 'Addressable', 'DeadLetterSinkResolved', 'EventPoliciesReady'),
  columns: addressColumns,
  custom: true,
  crdLabels: channelLabels,
  webhook: EVENTING_WEBHOOK,
  defaults(channel, context, before) {
    if (context.subresource === 'status') return;
    const { metadata, spec } = channel;
    metadata.annotations = { [SUBSCRIBABLE_ANNOTATION]: 'v1', ...metadata.annotations };
    const template = configOf(context, channelDefaultsConfig).channelTemplateIn(metadata.namespace ?? '');
    if (!spec.channelTemplate && template) spec.channelTemplate = structuredClone(template);
    defaultDelivery(spec.delivery, metadata.namespace);
    noteUser(channel, context, before);
  },
  check({ metadata, spec }, errors, context, before) {
    if (context.subresource === 'status') return;
    errors.merge(checkStreamSettings(metadata));
    errors.merge(checkChannelTemplate(spec.channelTemplate), 'spec');
    if (spec.subscribers?.length) errors.disallowed('spec.subscribable.subscribers');
    errors.merge(checkDelivery(spec.delivery, eventingFeatures(context)), 'spec.delivery');
    if (!before) return;
    const [old, now] = [except(before.spec, 'subscribers'), except(spec, 'subscribers')];
    errors.merge(checkUnchanged('v1.ChannelSpec', old, now, 'spec'));
  },
});
export type Channel = ObjectOf<typeof Channel>;

/** Checks what is to stand behind; paths are relative to the spec. */
export function checkChannelTemplate(template: ChannelTemplate | undefined): FieldErrors {
  const errors = new FieldErrors();
  if (!template) return errors.missing('channelTemplate');
  if (!template.kind) errors.missing('channelTemplate.kind');
  return template.apiVersion ? errors : errors.missing('channelTemplate.apiVersion');
}
