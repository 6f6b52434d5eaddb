// The kinds of the API in the order in which clients are to see them: groups, their versions, the version to prefer.

import type { Kind } from '#machinery/mod.ts';
import { isServed } from '../subresources/offered.ts';

export interface ApiVersion {
  readonly version: string;
  /** `apps/v1`, or `v1` for the core group. */
  readonly groupVersion: string;
  readonly kinds: readonly Kind[];
}

export interface ApiGroup {
  /** Empty for the core group. */
  readonly name: string;
  /** The preferred one first. */
  readonly versions: readonly ApiVersion[];
}

/** Sorts kinds into groups: the core group, Kubernetes' own groups as they came, then those of custom resources by name. */
export function groupsOf(kinds: readonly Kind[]): readonly ApiGroup[] {
  const byGroup = Map.groupBy(kinds.filter(isServed), (kind) => kind.group);
  const groups = [...byGroup].map(([name, members]) => ({
    name,
    versions: versionsOf(members),
    isCustom: members.every((kind) => kind.custom),
  }));
  const rank = (group: (typeof groups)[number]) => (group.name === '' ? 0 : group.isCustom ? 2 : 1);
  return groups
    .sort((a, b) => rank(a) - rank(b) || (a.isCustom ? compare(a.name, b.name) : 0))
    .map(({ name, versions }) => ({ name, versions }));
}

function versionsOf(kinds: readonly Kind[]): ApiVersion[] {
  const byVersion = Map.groupBy(kinds, (kind) => kind.version);
  return [...byVersion]
    .map(([version, members]) => ({
      version,
      groupVersion: members[0]?.apiVersion ?? version,
      kinds: members.toSorted((a, b) => compare(a.names.plural, b.names.plural)),
    }))
    .sort((a, b) => compareVersions(a.version, b.version));
}

/** Kubernetes' order of versions: stable before beta before alpha, newer before older; any other word last. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [weightOf(a), weightOf(b)];
  for (const [index, weight] of left.entries()) {
    const difference = (right[index] ?? 0) - weight;
    if (difference !== 0) return difference;
  }
  return compare(a, b);
}

/** Maturity, major, minor; all zero for what is no version of Kubernetes' making. */
function weightOf(version: string): readonly number[] {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (!match) return [0, 0, 0];
  const maturity = match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1;
  return [maturity, Number(match[1]), Number(match[3] ?? 0)];
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
