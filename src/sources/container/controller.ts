// Runs the program of a ContainerSource, and tells it where to send.

import type { Turn } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import { ContainerSource, Deployment, SinkBinding } from '#kinds/mod.ts';
import { findCondition } from '#machinery/mod.ts';
import { bindingOf, deploymentName, deploymentOf } from './children.ts';

type ContainerTurn = Turn<ContainerSource>;

export const containerSourceController = defineController<ContainerSource>({
  name: 'container-source-controller',
  of: ContainerSource,
  owns: [Deployment, SinkBinding],
  async reconcile(turn) {
    await settleBinding(turn);
    await settleDeployment(turn);
  },
});

async function settleBinding(turn: ContainerTurn): Promise<void> {
  const { object, status, mark } = turn;
  const { outcome, object: binding } = await turn.apply(SinkBinding, bindingOf(object), { metadata: 'merge' });
  const { name } = binding.metadata;
  if (outcome === 'taken') {
    mark.false('SinkBindingReady', 'NotOwned', `SinkBinding ${JSON.stringify(name)} is not owned by this source`);
    return;
  }
  if (outcome === 'created')
    turn.event('Normal', 'ContainerSourceSinkBindingCreated', `SinkBinding created ${JSON.stringify(name)}`);
  const { sinkUri, sinkCACerts, sinkAudience, auth } = binding.status ?? {};
  Object.assign(status, { sinkUri, sinkCACerts, sinkAudience, auth });
  const isSeen = binding.status?.observedGeneration === binding.metadata.generation;
  mark.copy('SinkBindingReady', isSeen ? findCondition(binding.status, 'Ready') : undefined);
}

async function settleDeployment(turn: ContainerTurn): Promise<void> {
  const { object, mark } = turn;
  const { namespace = '' } = object.metadata;
  const there = turn.get(Deployment, namespace, deploymentName(object));
  const { outcome, object: deployment } = await turn.apply(Deployment, deploymentOf(object, there), {
    metadata: 'merge',
  });
  const { name } = deployment.metadata;
  if (outcome === 'taken') {
    mark.false('ReceiveAdapterReady', 'NotOwned', `Deployment ${JSON.stringify(name)} is not owned by this source`);
    return;
  }
  if (outcome === 'created')
    turn.event('Normal', 'ContainerSourceDeploymentCreated', `Deployment created ${JSON.stringify(name)}`);
  if (isAvailable(deployment)) mark.true('ReceiveAdapterReady');
  else mark.unknown('ReceiveAdapterReady', 'DeploymentUnavailable', `The Deployment '${name}' is unavailable.`);
}

function isAvailable({ status }: Deployment): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Available' && is === 'True') ?? false;
}
