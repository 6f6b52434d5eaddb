// A ConfigMap: settings as text.

import type { ObjectOf } from '#machinery/mod.ts';
import { age, bytes, computed, defineKind, flag, map, text } from '#machinery/mod.ts';
import { checkImmutable, checkTexts, dataCount } from './data-rules.ts';

export const ConfigMap = defineKind({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  names: { plural: 'configmaps', short: ['cm'] },
  scope: 'Namespaced',
  doc: 'ConfigMap holds configuration data for pods to consume.',
  fields: {
    immutable: flag().doc('If true, the data cannot be changed; only the metadata can.'),
    data: map(text()),
    binaryData: map(bytes()),
  },
  columns: { Data: computed(dataCount, 'integer'), Age: age },
  validate(configMap, problems, _context, before) {
    checkTexts(problems, configMap);
    if (before?.immutable) checkImmutable(problems, configMap, before, ['data', 'binaryData']);
  },
});
export type ConfigMap = ObjectOf<typeof ConfigMap>;
