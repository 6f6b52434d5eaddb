// A Lease: who holds a role now, and how lately it said so.

import type { ObjectOf, TypeOf } from '#machinery/mod.ts';
import { age, defineKind, field, int32, object, text, time } from '#machinery/mod.ts';

const LeaseSpecSchema = object({
  holderIdentity: text(),
  leaseDurationSeconds: int32(),
  acquireTime: time(),
  renewTime: time(),
  leaseTransitions: int32(),
  strategy: text(),
  preferredHolder: text(),
});
export type LeaseSpec = TypeOf<typeof LeaseSpecSchema>;

export const Lease = defineKind({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  names: { plural: 'leases' },
  scope: 'Namespaced',
  doc: 'Lease defines a lease concept.',
  spec: LeaseSpecSchema,
  columns: { Holder: field('spec.holderIdentity'), Age: age },
  lossy: 'all',
  validate({ spec }, problems) {
    const under = problems.under('spec');
    if (spec.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0) {
      under.invalid('leaseDurationSeconds', spec.leaseDurationSeconds, 'must be greater than 0');
    }
    if (spec.leaseTransitions !== undefined && spec.leaseTransitions < 0) {
      under.invalid('leaseTransitions', spec.leaseTransitions, 'must be greater than or equal to 0');
    }
  },
});
export type Lease = ObjectOf<typeof Lease>;
