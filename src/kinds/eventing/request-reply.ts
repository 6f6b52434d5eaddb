// A RequestReply: an address that sends an event to a Broker and answers with the event that replies to it.

import { readPeriod } from '#base/mod.ts';
import type { ObjectOf } from '#machinery/mod.ts';
import {
  condition,
  defineKind,
  field,
  FieldErrors,
  int32,
  living,
  livingStatus,
  object,
  reason,
  text,
} from '#machinery/mod.ts';
import { addressFields, policyFields } from '../duck/addressable.ts';
import { checkDelivery, DeliverySchema } from '../duck/delivery.ts';
import { noteUser } from '../duck/note-user.ts';
import { checkReference, KReferenceSchema } from '../duck/reference.ts';
import { eventingFeatures, referenceRules } from '../duck/rules.ts';
import { EVENTING_WEBHOOK, eventingLabels } from '../labels.ts';
import { BROKER_LABEL } from './labels.ts';

export const RequestReply = defineKind({
  apiVersion: 'eventing.knative.dev/v1alpha1',
  kind: 'RequestReply',
  names: { plural: 'requestreplies', short: ['rr'], categories: ['all', 'knative', 'eventing'] },
  scope: 'Namespaced',
  doc: 'RequestReply represents synchronous interface to sending and receiving events from a Broker.',
  spec: object({
    brokerRef: KReferenceSchema.doc('The Broker that the events go to, and the replies come from.'),
    correlationAttribute: text().doc('The attribute that tells requests apart; correlationid where it is not set.'),
    replyAttribute: text().doc('The attribute by which a reply names its request; replyid where it is not set.'),
    timeout: text().doc('How long to wait for a reply, as an ISO 8601 period.'),
    delivery: DeliverySchema,
  }),
  status: livingStatus({ ...addressFields, ...policyFields, desiredReplicas: int32(), readyReplicas: int32() }),
  conditions: living('TriggersReady', 'Addressable', 'EventPoliciesReady', 'BrokerReady'),
  columns: { URL: field('status.address.url'), Ready: condition('Ready'), Reason: reason('Ready') },
  custom: true,
  crdLabels: eventingLabels,
  webhook: EVENTING_WEBHOOK,
  defaults(requestReply, context, before) {
    if (context.subresource === 'status') return;
    const { metadata, spec } = requestReply;
    spec.timeout ||= eventingFeatures(context).requestReplyTimeout;
    spec.correlationAttribute ||= 'correlationid';
    spec.replyAttribute ||= 'replyid';
    if (spec.brokerRef?.name) metadata.labels = { ...metadata.labels, [BROKER_LABEL]: spec.brokerRef.name };
    noteUser(requestReply, context, before);
  },
  check({ spec }, errors, context) {
    if (context.subresource === 'status') return;
    const features = eventingFeatures(context);
    const { brokerRef = {}, delivery, timeout = '', correlationAttribute = '', replyAttribute = '' } = spec;
    errors.merge(checkReference(brokerRef, referenceRules(features)), 'spec.brokerRef');
    if (brokerRef.kind?.toLowerCase() !== 'broker')
      errors.invalid(brokerRef.kind ?? '', 'spec.brokerRef.kind', 'brokerRef kind must be Broker');
    if (brokerRef.namespace) errors.disallowed('spec.brokerRef.namespace');
    errors.merge(checkDelivery(delivery, features), 'spec.delivery');
    errors.merge(checkTimeout(timeout), 'spec');
    errors.merge(checkAttribute('correlationattribute', correlationAttribute), 'spec');
    errors.merge(checkAttribute('replyattribute', replyAttribute), 'spec');
  },
});
export type RequestReply = ObjectOf<typeof RequestReply>;

function checkTimeout(timeout: string): FieldErrors {
  const errors = new FieldErrors();
  const read = readPeriod(timeout);
  if ('fault' in read) return errors.invalid(timeout, 'timeout', read.fault);
  return read.ms > 0 ? errors : errors.invalid(timeout, 'timeout', 'timeout must be a positive duration');
}

/** Attributes that an event cannot do without are not free to carry something else. */
const CORE = ['id', 'type', 'specversion', 'source'];

function checkAttribute(path: string, name: string): FieldErrors {
  const errors = new FieldErrors();
  if (name && !CORE.includes(name)) return errors;
  const rule = `${path} must be non-empty and cannot be a core cloudevent attribute (id, type, specversion, source)`;
  return errors.invalid(name, path, rule);
}
