// From a Route's traffic stanza to the Revisions it stands for: pure.

import type { Reader } from '#engine/mod.ts';
import type { Route, TrafficTarget } from '#kinds/mod.ts';
import { Configuration, CONFIGURATION_LABEL, Revision, SERVICE_LABEL } from '#kinds/mod.ts';
import { findCondition, isReady } from '#machinery/mod.ts';
import { protocolOf } from '../revision/pod.ts';

/** One entry of the traffic stanza, resolved. */
export interface ResolvedTarget {
  readonly tag: string;
  readonly revision: string;
  /** The Configuration that the Revision belongs to. */
  readonly configuration: string | undefined;
  readonly percent: number;
  readonly latest: boolean;
  readonly protocol: 'http1' | 'h2c';
}

/** Why traffic cannot be assigned: what the condition AllTrafficAssigned says. `failed` false: it may yet come. */
export interface BadTarget {
  readonly failed: boolean;
  readonly reason: string;
  readonly message: string;
}

export type Traffic =
  | {
      readonly outcome: 'assigned';
      /** In the order of the stanza. */
      readonly targets: readonly ResolvedTarget[];
      /** By tag, the empty tag being the Route itself: equal Revisions are summed up. */
      readonly groups: ReadonlyMap<string, readonly ResolvedTarget[]>;
    }
  | { readonly outcome: 'bad'; readonly problem: BadTarget };

/** Of several problems a failure comes before what may yet come, and the first before the later. */
export function resolveTraffic(route: Route, reader: Reader): Traffic {
  const found = (route.spec.traffic ?? []).map((target) => resolveOne(route, target, reader));
  const problems = found.flatMap((one) => ('problem' in one ? [one.problem] : []));
  const problem = problems.find(({ failed }) => failed) ?? problems[0];
  if (problem) return { outcome: 'bad', problem };
  const targets = found.flatMap((one) => ('problem' in one ? [] : [one]));
  return { outcome: 'assigned', targets, groups: grouped(targets) };
}

type Resolved = ResolvedTarget | { readonly problem: BadTarget };

function resolveOne(route: Route, target: TrafficTarget, reader: Reader): Resolved {
  return target.revisionName ? byRevision(route, target, reader) : byConfiguration(route, target, reader);
}

function byConfiguration(route: Route, target: TrafficTarget, reader: Reader): Resolved {
  const { namespace = '' } = route.metadata;
  const name = target.configurationName ?? '';
  const quoted = JSON.stringify(name);
  const configuration = reader.get(Configuration, namespace, name);
  if (!configuration) return configurationMissing(name);
  const latest = configuration.status?.latestReadyRevisionName;
  if (!latest) {
    return findCondition(configuration.status, 'Ready')?.status === 'False'
      ? bad(true, 'RevisionMissing', `Configuration ${quoted} does not have any ready Revision.`)
      : bad(false, 'RevisionMissing', `Configuration ${quoted} is waiting for a Revision to become ready.`);
  }
  const revision = reader.get(Revision, namespace, latest);
  if (!revision) return revisionMissing(latest);
  if (!isReady(revision)) return notReady(revision);
  return resolved(target, revision, name);
}

function byRevision(route: Route, target: TrafficTarget, reader: Reader): Resolved {
  const { namespace = '' } = route.metadata;
  const name = target.revisionName ?? '';
  const revision = reader.get(Revision, namespace, name);
  if (!revision) return revisionMissing(name);
  const stranger = strangerTo(route, revision);
  if (stranger) return stranger;
  if (!isReady(revision)) return notReady(revision);
  const configuration = revision.metadata.labels?.[CONFIGURATION_LABEL];
  if (configuration && !reader.get(Configuration, namespace, configuration)) return configurationMissing(configuration);
  return resolved(target, revision, configuration);
}

/** The Route of a Service leads to Revisions of that Service only. */
function strangerTo(route: Route, revision: Revision): Resolved | undefined {
  const service = route.metadata.labels?.[SERVICE_LABEL];
  const own = revision.metadata.labels?.[SERVICE_LABEL];
  if (!service || own === service) return undefined;
  const name = JSON.stringify(revision.metadata.name);
  const wanted = `Service ${JSON.stringify(service)}`;
  const message = own
    ? `Revision ${name} belongs to Service ${JSON.stringify(own)}, not ${wanted}.`
    : `Revision ${name} does not belong to ${wanted}.`;
  return bad(true, 'RevisionNotOwned', message);
}

function notReady({ metadata, status }: Revision): Resolved {
  const name = JSON.stringify(metadata.name);
  return findCondition(status, 'Ready')?.status === 'False'
    ? bad(true, 'RevisionMissing', `Revision ${name} failed to become ready.`)
    : bad(false, 'RevisionMissing', `Revision ${name} is not yet ready.`);
}

function configurationMissing(name: string): Resolved {
  return bad(true, 'ConfigurationMissing', `Configuration ${JSON.stringify(name)} referenced in traffic not found.`);
}

function revisionMissing(name: string): Resolved {
  return bad(true, 'RevisionMissing', `Revision ${JSON.stringify(name)} referenced in traffic not found.`);
}

function bad(failed: boolean, reason: string, message: string): Resolved {
  return { problem: { failed, reason, message } };
}

function resolved(target: TrafficTarget, revision: Revision, configuration: string | undefined): ResolvedTarget {
  return {
    tag: target.tag ?? '',
    revision: revision.metadata.name,
    configuration,
    percent: target.percent ?? 0,
    latest: target.latestRevision ?? !target.revisionName,
    protocol: protocolOf(revision),
  };
}

function grouped(targets: readonly ResolvedTarget[]): Map<string, readonly ResolvedTarget[]> {
  const groups = new Map<string, ResolvedTarget[]>([['', [...targets]]]);
  for (const target of targets) {
    if (target.tag) groups.set(target.tag, [...(groups.get(target.tag) ?? []), target]);
  }
  return new Map([...groups].map(([tag, members]) => [tag, consolidated(members)]));
}

/** Equal Revisions are summed up; a group left with one Revision gets everything. */
function consolidated(targets: readonly ResolvedTarget[]): readonly ResolvedTarget[] {
  const byName = new Map<string, ResolvedTarget>();
  for (const target of targets) {
    const before = byName.get(target.revision);
    const sum = {
      ...target,
      percent: target.percent + (before?.percent ?? 0),
      latest: target.latest || (before?.latest ?? false),
    };
    byName.set(target.revision, sum);
  }
  const merged = [...byName.values()];
  return merged.length === 1 ? merged.map((only) => ({ ...only, percent: 100 })) : merged;
}

/** What the Route's status says of its traffic: entries alike in tag, Revision and latest are one. */
export function trafficStatus(targets: readonly ResolvedTarget[], urlOf: (tag: string) => string): TrafficTarget[] {
  const merged = new Map<string, TrafficTarget>();
  for (const { tag, revision, latest, percent } of targets) {
    const key = [tag, revision, latest].join('\0');
    const before = merged.get(key);
    merged.set(key, {
      revisionName: revision,
      latestRevision: latest,
      percent: percent + (before?.percent ?? 0),
      ...(tag ? { tag, url: urlOf(tag) } : {}),
    });
  }
  return [...merged.values()];
}
