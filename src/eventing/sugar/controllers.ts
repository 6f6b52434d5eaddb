// Brokers that nobody asked for by name: of namespaces and Triggers that config-sugar selects.

import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController, watch } from '#engine/mod.ts';
import { Broker, INJECTED_LABEL, Namespace, sugarConfig, Trigger } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { isReason, keyOf } from '#machinery/mod.ts';

const DEFAULT = 'default';

export function namespaceSugarController(): ControllerDefinition<Namespace> {
  return defineController({
    name: 'sugar-namespace-controller',
    of: Namespace,
    status: 'none',
    watches: [watch(Broker, ({ metadata }) => (metadata.name === DEFAULT ? [metadata.namespace ?? ''] : []))],
    configs: [sugarConfig],
    selects: ({ metadata }, config) =>
      !metadata.deletionTimestamp && config(sugarConfig).isNamespaceMeant(metadata.labels),
    reconcile: (turn) =>
      makeBroker(turn, turn.object.metadata.name, DEFAULT, 'Default eventing.knative.dev Broker created.'),
  });
}

export function triggerSugarController(): ControllerDefinition<Trigger> {
  return defineController({
    name: 'sugar-trigger-controller',
    of: Trigger,
    status: 'none',
    watches: [
      watch(Broker, ({ metadata: { namespace = '', name } }, reader) =>
        reader
          .list(Trigger, namespace)
          .filter(({ spec }) => spec.broker === name)
          .map(keyOf),
      ),
    ],
    configs: [sugarConfig],
    selects: ({ metadata, spec }, config) =>
      Boolean(spec.broker) && !metadata.deletionTimestamp && config(sugarConfig).isTriggerMeant(metadata.labels),
    reconcile: (turn) => {
      const { metadata, spec } = turn.object;
      const name = spec.broker ?? DEFAULT;
      const told = `Default eventing.knative.dev Broker ${JSON.stringify(name)} created.`;
      return makeBroker(turn, metadata.namespace ?? '', name, told);
    },
  });
}

async function makeBroker<O extends KubeObject>(
  turn: Turn<O>,
  namespace: string,
  name: string,
  told: string,
): Promise<void> {
  if (turn.get(Broker, namespace, name)) return;
  try {
    await turn.client.create(Broker, {
      apiVersion: Broker.apiVersion,
      kind: Broker.kind,
      metadata: { name, namespace, labels: { [INJECTED_LABEL]: 'true' } },
      spec: {},
    });
    turn.event('Normal', 'BrokerCreated', told);
  } catch (thrown) {
    if (!isReason(thrown, 'AlreadyExists')) throw thrown;
  }
}
