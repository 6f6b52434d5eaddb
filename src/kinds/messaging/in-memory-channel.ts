// An InMemoryChannel: the channel that this platform serves itself. Its name is Knative's; here its events are on disk.

import { equal } from '#base/mod.ts';
import type { ObjectOf } from '#machinery/mod.ts';
import { defineKind, FieldErrors, living, livingStatus, object } from '#machinery/mod.ts';
import { defaultDelivery } from '../duck/delivery.ts';
import { addressColumns } from '../duck/addressable.ts';
import { noteUser } from '../duck/note-user.ts';
import { channelableSpecFields, channelableStatusFields } from '../duck/subscribable.ts';
import { EVENTING_CONTROLLER, SCOPE_ANNOTATION, SUBSCRIBABLE_ANNOTATION } from '../eventing/labels.ts';
import { checkStreamSettings } from '../eventing/check-settings.ts';
import { IN_MEMORY_CHANNEL_WEBHOOK } from '../labels.ts';
import { changes } from '../serving/changes.ts';
import { channelLabels } from './channel.ts';

export const InMemoryChannel = defineKind({
  apiVersion: 'messaging.knative.dev/v1',
  kind: 'InMemoryChannel',
  names: { plural: 'inmemorychannels', short: ['imc'], categories: ['all', 'knative', 'messaging', 'channel'] },
  scope: 'Namespaced',
  doc: 'InMemoryChannel is a channel of the platform’s own.',
  spec: object(channelableSpecFields),
  status: livingStatus(channelableStatusFields),
  conditions: living(
    'ServiceReady',
    'EndpointsReady',
    'Addressable',
    'ChannelServiceReady',
    'DeadLetterSinkResolved',
    'EventPoliciesReady',
  ),
  columns: addressColumns,
  custom: true,
  crdLabels: channelLabels,
  webhook: IN_MEMORY_CHANNEL_WEBHOOK,
  defaults(channel, context, before) {
    if (context.subresource === 'status') return;
    const { metadata, spec } = channel;
    metadata.annotations = { [SUBSCRIBABLE_ANNOTATION]: 'v1', ...metadata.annotations };
    defaultDelivery(spec.delivery, metadata.namespace);
    noteUser(channel, context, before);
  },
  check(channel, errors, context, before) {
    if (context.subresource === 'status') return;
    const { metadata, spec } = channel;
    for (const [i, { subscriberUri, replyUri }] of (spec.subscribers ?? []).entries()) {
      if (subscriberUri !== undefined || replyUri !== undefined) continue;
      const place = `spec.subscribable.subscriber[${i}]`;
      const paths = [`${place}.replyURI`, `${place}.subscriberURI`];
      errors.add({ message: 'missing field(s)', paths, details: 'expected at least one of, got none' });
    }
    const scope = metadata.annotations?.[SCOPE_ANNOTATION];
    if (scope !== undefined && scope !== 'cluster' && scope !== 'namespace') {
      const rule = "expected either 'cluster' or 'namespace'";
      errors.invalid(scope, `metadata.annotations.[${SCOPE_ANNOTATION}]`, rule);
    }
    errors.merge(checkStreamSettings(metadata));
    if (before) errors.merge(checkSubscribers(before, channel, context.user.name));
  },
});
export type InMemoryChannel = ObjectOf<typeof InMemoryChannel>;

/** Subscribers come by Subscriptions, which the platform's own controller writes down. */
function checkSubscribers(before: InMemoryChannel, now: InMemoryChannel, user: string): FieldErrors {
  const errors = new FieldErrors();
  const [old, fresh] = [before.spec.subscribers ?? [], now.spec.subscribers ?? []];
  if (user === EVENTING_CONTROLLER || equal(old, fresh)) return errors;
  return errors.add({
    message: `Channel.Spec.Subscribers changed by user ${user} which was not the ${EVENTING_CONTROLLER} service account`,
    paths: ['spec.subscribers'],
    details: changes('{[]v1.SubscriberSpec}', old, fresh).join(''),
  });
}
