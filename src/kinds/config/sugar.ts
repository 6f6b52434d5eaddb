// config-sugar: in which namespaces, and for which Triggers, a Broker is made that nobody asked for by name.

import { messageOf } from '#base/mod.ts';
import type { LabelSelectorObject } from '#machinery/mod.ts';
import { matchesLabelSelector } from '#machinery/mod.ts';
import { EVENTING_NAMESPACE } from '../labels.ts';
import type { ConfigOf } from './define.ts';
import { defineConfigMap } from './define.ts';
import { parsed, PlainFault, yamlRecord } from './settings.ts';

const selector = (doc: string) =>
  parsed<LabelSelectorObject | undefined>(
    undefined,
    '',
    `${doc} A label selector as YAML: nothing switches it off, {} is all.`,
    readSelector,
  );

function readSelector(raw: string): LabelSelectorObject | undefined {
  try {
    return yamlRecord(raw, 'v1.LabelSelector');
  } catch (thrown) {
    throw new PlainFault(messageOf(thrown));
  }
}

export const sugarConfig = defineConfigMap(
  'config-sugar',
  {
    'namespace-selector': selector('The namespaces that get a Broker named default.'),
    'trigger-selector': selector('The Triggers whose Broker is made where there is none.'),
  },
  {
    namespace: EVENTING_NAMESPACE,
    component: 'config-sugar',
    doc: '',
    derive: ({ namespaceSelector, triggerSelector }) => ({
      isNamespaceMeant: (labels: Readonly<Record<string, string>> | undefined) =>
        matchesLabelSelector(namespaceSelector, labels),
      isTriggerMeant: (labels: Readonly<Record<string, string>> | undefined) =>
        matchesLabelSelector(triggerSelector, labels),
    }),
  },
);
export type SugarConfig = ConfigOf<typeof sugarConfig>;
