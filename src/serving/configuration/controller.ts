// A Configuration stamps each new template as a Revision and keeps two pointers: the newest Revision made, and the newest that became ready.

import type { Turn } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import { CONFIGURATION_GENERATION_LABEL, Configuration, Revision } from '#kinds/mod.ts';
import { findCondition, isReason, isReady } from '#machinery/mod.ts';
import { equal, messageOf } from '#base/mod.ts';
import { isMeant, namedRevision } from '../byo-name.ts';
import { revisionOf } from './children.ts';

type ConfigurationTurn = Turn<Configuration>;

export const configurationController = defineController({
  name: 'configuration-controller',
  of: Configuration,
  owns: [Revision],

  async reconcile(turn) {
    const latest = await latestCreated(turn);
    if (!latest) return;
    const { status, mark } = turn;
    status.latestCreatedRevisionName = latest.metadata.name;
    if (status.latestReadyRevisionName !== latest.metadata.name) mark.unknown('Ready');

    const ready = findCondition(latest.status, 'Ready');
    if (ready?.status === 'False') latestFailed(turn, latest, ready.message ?? '');
    else if (ready?.status === 'True' && !status.latestReadyRevisionName)
      turn.event('Normal', 'ConfigurationReady', 'Configuration becomes ready');
    pointToNewestReady(turn, latest);
  },
});

/** The Revision of the present generation, made where there is none; undefined where its name is taken. */
async function latestCreated(turn: ConfigurationTurn): Promise<Revision | undefined> {
  const { object: configuration } = turn;
  const named = namedRevision(turn, configuration);
  if (named) return isMeant(named, configuration) ? named : nameTaken(turn, named.metadata.name);
  if (!configuration.spec.template?.metadata?.name) {
    const generation = String(configuration.metadata.generation);
    const stamped = turn
      .owned(Revision)
      .find((one) => one.metadata.labels?.[CONFIGURATION_GENERATION_LABEL] === generation);
    if (stamped) return stamped;
  }
  return create(turn);
}

async function create(turn: ConfigurationTurn): Promise<Revision | undefined> {
  const desired = revisionOf(turn.object, turn.now);
  const { name } = desired.metadata;
  try {
    const { outcome, object } = await turn.claim(Revision, desired);
    if (outcome === 'taken') return nameTaken(turn, name);
    if (outcome === 'created') turn.event('Normal', 'Created', `Created Revision ${JSON.stringify(name)}`);
    return object;
  } catch (thrown) {
    if (isReason(thrown, 'Conflict')) throw thrown;
    turn.event('Warning', 'CreationFailed', `Failed to create Revision: ${messageOf(thrown)}`);
    creationFailed(turn, messageOf(thrown));
    throw new Error(`failed to create Revision: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function nameTaken(turn: ConfigurationTurn, name: string): undefined {
  creationFailed(turn, `revisions.serving.knative.dev ${JSON.stringify(name)} already exists`);
}

function creationFailed(turn: ConfigurationTurn, message: string): void {
  turn.mark.false('Ready', 'RevisionFailed', `Revision creation failed with message: ${message}.`);
}

function latestFailed(turn: ConfigurationTurn, latest: Revision, message: string): void {
  const name = JSON.stringify(latest.metadata.name);
  const before = findCondition(turn.object.status, 'Ready');
  turn.mark.false('Ready', 'RevisionFailed', `Revision ${name} failed with message: ${message}.`);
  const { reason, message: text } = turn.mark.get('Ready') ?? {};
  if (before?.status === 'False' && equal({ reason: before.reason, text: before.message }, { reason, text })) return;
  const wasReady = turn.status.latestReadyRevisionName === latest.metadata.name;
  if (wasReady) turn.event('Warning', 'LatestReadyFailed', `Latest ready revision ${name} has failed`);
  else turn.event('Warning', 'LatestCreatedFailed', `Latest created revision ${name} has failed`);
}

/** The newest ready Revision between the one pointed to so far and the latest; a user's own name comes first. */
function pointToNewestReady(turn: ConfigurationTurn, latest: Revision): void {
  const { status, object } = turn;
  const before = status.latestReadyRevisionName;
  const pointed = before ? turn.get(Revision, object.metadata.namespace ?? '', before) : undefined;
  const named = object.spec.template?.metadata?.name !== undefined;
  const from = pointed ? generationOf(pointed) : 0;
  const candidates = turn
    .owned(Revision)
    .filter((one) => generationOf(one) >= from)
    .sort((a, b) => generationOf(b) - generationOf(a));
  const newest = (named ? [latest, ...candidates] : candidates).find(isReady);
  if (!newest) return;

  const { name } = newest.metadata;
  status.latestReadyRevisionName = name;
  if (name === latest.metadata.name) turn.mark.true('Ready');
  if (name !== before)
    turn.event('Normal', 'LatestReadyUpdate', `LatestReadyRevisionName updated to ${JSON.stringify(name)}`);
}

function generationOf({ metadata }: Revision): number {
  return Number(metadata.labels?.[CONFIGURATION_GENERATION_LABEL] ?? 0);
}
