// An EventPolicy: who may send events to what, where senders must say who they are.

import { equal } from '#base/mod.ts';
import type { ObjectOf } from '#machinery/mod.ts';
import {
  condition,
  defineKind,
  FieldErrors,
  list,
  living,
  livingStatus,
  map,
  object,
  reason,
  text,
} from '#machinery/mod.ts';
import { noteUser } from '../duck/note-user.ts';
import { eventingFeatures } from '../duck/rules.ts';
import { EVENTING_WEBHOOK, eventingLabels } from '../labels.ts';
import { checkFilters, FiltersSchema } from './filter.ts';

const expressions = list(object({ key: text(), operator: text(), values: list(text()) }));

export const EventPolicy = defineKind({
  apiVersion: 'eventing.knative.dev/v1alpha1',
  kind: 'EventPolicy',
  names: { plural: 'eventpolicies', categories: ['all', 'knative', 'eventing'] },
  scope: 'Namespaced',
  doc: 'EventPolicy represents a policy for addressable resources: who may send to them.',
  spec: object({
    to: list(
      object({
        ref: object({ apiVersion: text(), kind: text(), name: text() }),
        selector: object({ matchLabels: map(text()), matchExpressions: expressions, apiVersion: text(), kind: text() }),
      }),
    ).doc('What it is about; everything in the namespace where this is empty.'),
    from: list(
      object({
        ref: object({ apiVersion: text(), kind: text(), name: text(), namespace: text() }),
        sub: text().doc('The subject of a token; a star may stand at the end.'),
      }),
    ).doc('Who may send.'),
    filters: FiltersSchema.doc('Which events they may send.'),
  }),
  status: livingStatus({ from: list(text()).doc('The subjects that may send.') }),
  conditions: living('AuthenticationEnabled', 'SubjectsResolved'),
  columns: { Ready: condition('Ready'), Reason: reason('Ready') },
  custom: true,
  crdLabels: eventingLabels,
  webhook: EVENTING_WEBHOOK,
  defaults(policy, context, before) {
    if (context.subresource === 'status') return;
    const { namespace } = policy.metadata;
    for (const { ref } of policy.spec.from ?? []) if (ref && namespace) ref.namespace ||= namespace;
    noteUser(policy, context, before);
  },
  check(policy, errors, context, before) {
    if (context.subresource === 'status') return;
    const isWanted = !before || !equal(before.spec, policy.spec);
    if (isWanted && !eventingFeatures(context).isEnabled('authentication-oidc'))
      return void errors.generic('oidc-authentication feature not enabled');
    const { from = [], to = [], filters } = policy.spec;
    for (const [i, sender] of from.entries()) errors.merge(checkSender(sender), `spec.from[${i}]`);
    for (const [i, target] of to.entries()) errors.merge(checkTarget(target), `spec.to[${i}]`);
    errors.merge(checkFilters(filters), 'spec.filters');
  },
});
export type EventPolicy = ObjectOf<typeof EventPolicy>;
type Spec = EventPolicy['spec'];
type Sender = NonNullable<Spec['from']>[number];
type Target = NonNullable<Spec['to']>[number];

function checkSender({ ref, sub }: Sender): FieldErrors {
  const errors = new FieldErrors();
  if (!ref && !sub) errors.generic('expected exactly one, got neither', 'ref', 'sub');
  if (ref && sub !== undefined) errors.generic('expected exactly one, got both', 'ref', 'sub');
  if (ref) errors.merge(checkIdentity(ref), 'ref');
  if (sub && sub.slice(0, -1).includes('*')) errors.invalid(sub, 'sub', "'*' is only allowed as suffix");
  return errors;
}

function checkTarget({ ref, selector }: Target): FieldErrors {
  const errors = new FieldErrors();
  if (!ref && !selector) errors.generic('expected exactly one, got neither', 'ref', 'selector');
  if (ref && selector) errors.generic('expected exactly one, got both', 'ref', 'selector');
  return ref ? errors.merge(checkIdentity(ref), 'ref') : errors;
}

function checkIdentity({ apiVersion, kind, name }: NonNullable<Target['ref']>): FieldErrors {
  const errors = new FieldErrors();
  if (!kind) errors.missing('kind');
  if (!apiVersion) errors.missing('apiVersion');
  return name ? errors : errors.missing('name');
}
