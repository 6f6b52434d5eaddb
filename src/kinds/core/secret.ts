// A Secret: bytes that only those who need them may read.

import type { ObjectOf } from '#machinery/mod.ts';
import { age, bytes, computed, defineKind, field, flag, map, text } from '#machinery/mod.ts';
import { checkBytes, checkImmutable, checkTyped, dataCount, foldStringData } from './data-rules.ts';

export const Secret = defineKind({
  apiVersion: 'v1',
  kind: 'Secret',
  names: { plural: 'secrets' },
  scope: 'Namespaced',
  doc: 'Secret holds secret data of a certain type.',
  fields: {
    immutable: flag().doc('If true, the data cannot be changed; only the metadata can.'),
    data: map(bytes()),
    stringData: map(text()).doc('Write-only: values as text, folded into data.'),
    type: text(),
  },
  columns: { Type: field('type'), Data: computed(dataCount, 'integer'), Age: age },
  selectableFields: ['type'],
  defaults(secret) {
    foldStringData(secret);
    secret.type ||= 'Opaque';
  },
  validate(secret, problems, _context, before) {
    checkBytes(problems, secret);
    checkTyped(problems, secret.type ?? 'Opaque', secret.data ?? {}, secret.metadata.annotations ?? {});
    if (before && before.type !== secret.type) problems.invalid('type', secret.type, 'field is immutable');
    if (before?.immutable) checkImmutable(problems, secret, before, ['data']);
  },
});
export type Secret = ObjectOf<typeof Secret>;
