// A Service is a Configuration and a Route under one name; it is ready when its traffic has reached the newest ready Revision.

import { equal, messageOf } from '#base/mod.ts';
import type { Turn } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import { Configuration, Revision, Route, Service } from '#kinds/mod.ts';
import { findCondition, isReason, isTrue } from '#machinery/mod.ts';
import { takenName } from '../byo-name.ts';
import { configurationOf, routeOf } from './children.ts';

export const serviceController = defineController({
  name: 'service-controller',
  of: Service,
  owns: [Configuration, Route],
  reads: [Revision],

  async reconcile(turn) {
    const configuration = await applyConfiguration(turn);
    const named = configuration.spec.template?.metadata?.name;
    if (observed(configuration)) {
      turn.status.latestCreatedRevisionName = configuration.status?.latestCreatedRevisionName;
      turn.status.latestReadyRevisionName = configuration.status?.latestReadyRevisionName;
      propagate(turn, 'ConfigurationsReady', configuration);
    } else {
      outOfDate(turn, 'ConfigurationsReady', 'Configuration');
      // A name of the user's own: the Route may only move once it is known whose Revision that is.
      if (named) return;
    }
    if (named && takenName(turn, configuration)) {
      const why = `The revision name ${JSON.stringify(named)} is taken by a conflicting Revision, so traffic will not be migrated`;
      return turn.mark.false('RoutesReady', 'RevisionNameTaken', why);
    }

    const route = await applyRoute(turn);
    if (!observed(route)) return outOfDate(turn, 'RoutesReady', 'Route');
    turn.status.url = route.status?.url;
    turn.status.address = route.status?.address;
    turn.status.traffic = route.status?.traffic;
    propagate(turn, 'RoutesReady', route);
    if (isTrue(turn.status, 'RoutesReady') && !migrated(configuration, route))
      turn.mark.unknown('RoutesReady', 'TrafficNotMigrated', 'Traffic is not yet migrated to the latest revision.');
  },
});

type ServiceTurn = Turn<Service>;

async function applyConfiguration(turn: ServiceTurn): Promise<Configuration> {
  const { name, namespace = '' } = turn.object.metadata;
  const there = turn.get(Configuration, namespace, name);
  const desired = configurationOf(turn.object, there);
  const { outcome, object } = await making(turn, 'Configuration', there, () => turn.apply(Configuration, desired));
  if (outcome === 'taken') return notOwned(turn, 'ConfigurationsReady', 'Configuration');
  if (outcome === 'created') turn.event('Normal', 'Created', `Created Configuration ${JSON.stringify(name)}`);
  return object;
}

async function applyRoute(turn: ServiceTurn): Promise<Route> {
  const { name, namespace = '' } = turn.object.metadata;
  const there = turn.get(Route, namespace, name);
  const { outcome, object } = await making(turn, 'Route', there, () => turn.apply(Route, routeOf(turn.object)));
  if (outcome === 'taken') return notOwned(turn, 'RoutesReady', 'Route');
  if (outcome === 'created') turn.event('Normal', 'Created', `Created Route ${JSON.stringify(object.metadata.name)}`);
  return object;
}

/** Makes or changes a child; what goes wrong is told as Knative tells it. */
async function making<T>(
  turn: ServiceTurn,
  kind: 'Configuration' | 'Route',
  there: unknown,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act();
  } catch (thrown) {
    if (isReason(thrown, 'Conflict')) throw thrown;
    const [name, why] = [JSON.stringify(turn.object.metadata.name), messageOf(thrown)];
    if (!there) turn.event('Warning', 'CreationFailed', `Failed to create ${kind} ${name}: ${why}`);
    throw new Error(`failed to ${there ? 'reconcile' : 'create'} ${kind}: ${why}`, { cause: thrown });
  }
}

function notOwned(turn: ServiceTurn, condition: string, kind: 'Configuration' | 'Route'): never {
  const name = JSON.stringify(turn.object.metadata.name);
  turn.mark.false(condition, 'NotOwned', `There is an existing ${kind} ${name} that we do not own.`);
  throw new Error(`service: ${name} does not own ${kind.toLowerCase()}: ${name}`);
}

function outOfDate(turn: ServiceTurn, condition: string, kind: 'Configuration' | 'Route'): void {
  turn.mark.unknown(
    condition,
    'OutOfDate',
    `The ${kind} is still working to reflect the latest desired specification.`,
  );
}

function observed({ metadata, status }: Configuration | Route): boolean {
  return metadata.generation === status?.observedGeneration;
}

function propagate(turn: ServiceTurn, condition: string, child: Configuration | Route): void {
  const ready = findCondition(child.status, 'Ready');
  if (ready?.status === 'True') turn.mark.true(condition);
  else if (ready) turn.mark.copy(condition, ready);
}

/** Whether the Route's traffic is what it should be: each entry on its Revision, the newest ready one where none is named. */
function migrated(configuration: Configuration, route: Route): boolean {
  const want = (route.spec.traffic ?? []).map((target) => {
    const follows = target.configurationName === configuration.metadata.name;
    return essence(follows ? { ...target, revisionName: configuration.status?.latestReadyRevisionName } : target);
  });
  return equal(want, (route.status?.traffic ?? []).map(essence));
}

function essence({
  tag,
  revisionName,
  percent,
}: {
  tag?: string | undefined;
  revisionName?: string | undefined;
  percent?: number | undefined;
}) {
  return { tag: tag || undefined, revisionName, percent: percent ?? undefined };
}
