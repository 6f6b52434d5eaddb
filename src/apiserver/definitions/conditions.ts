// What a CustomResourceDefinition's status says of it.

import { copy, equal, rfc3339 } from '#base/mod.ts';
import type { CustomResourceDefinition } from '#kinds/mod.ts';

export interface Finding {
  readonly type: 'NamesAccepted' | 'Established' | 'Terminating';
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

export const ACCEPTED: readonly Finding[] = [
  { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
  {
    type: 'Established',
    status: 'True',
    reason: 'InitialNamesAccepted',
    message: 'the initial names have been accepted',
  },
];

export const refused = (reason: string, message: string): readonly Finding[] => [
  { type: 'NamesAccepted', status: 'False', reason, message },
  { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' },
];

export const TERMINATING: readonly Finding[] = [
  {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionInProgress',
    message: 'CustomResource deletion is in progress',
  },
];

/** The definition with these findings in its status; undefined where it says so already. */
export function withFindings(
  crd: CustomResourceDefinition,
  findings: readonly Finding[],
  now: number,
): CustomResourceDefinition | undefined {
  const before = crd.status?.conditions ?? [];
  const others = before.filter(({ type }) => !findings.some((finding) => finding.type === type));
  const told = findings.map((finding) => {
    const known = before.find(({ type }) => type === finding.type);
    const since = known?.status === finding.status ? known.lastTransitionTime : undefined;
    return { ...finding, lastTransitionTime: since ?? rfc3339(now) };
  });
  const status = {
    ...crd.status,
    conditions: [...others, ...told],
    acceptedNames: acceptedNames(crd, findings),
    storedVersions: storedVersions(crd),
  };
  return equal(status, crd.status) ? undefined : { ...copy(crd), status: copy(status) };
}

function acceptedNames(
  { spec, status }: CustomResourceDefinition,
  findings: readonly Finding[],
): CustomResourceDefinition['spec']['names'] {
  const isAccepted = findings.some(({ type, status: verdict }) => type === 'NamesAccepted' && verdict === 'True');
  return isAccepted ? spec.names : (status?.acceptedNames ?? { plural: '', kind: '' });
}

/** Every version that was ever the stored one. */
function storedVersions({ spec, status }: CustomResourceDefinition): string[] {
  const now = spec.versions.filter(({ storage }) => storage).map(({ name }) => name);
  return [...new Set([...(status?.storedVersions ?? []), ...now])];
}
