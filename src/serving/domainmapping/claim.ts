// Whether a mapping may have its domain: a domain belongs to the one namespace that its ClusterDomainClaim names.

import type { ClusterDomainClaim, DomainMapping } from '#kinds/mod.ts';

export type ClaimVerdict =
  | { readonly outcome: 'held' | 'to-be-claimed' }
  | { readonly outcome: 'refused'; readonly why: string };

/** `autocreate` is `autocreate-cluster-domain-claims`: without it an administrator hands domains out. */
export function judgeClaim(
  { metadata: { name, namespace = '' } }: DomainMapping,
  claim: ClusterDomainClaim | undefined,
  autocreate: boolean,
): ClaimVerdict {
  const domain = JSON.stringify(name);
  if (claim?.spec.namespace === namespace) return { outcome: 'held' };
  if (claim) {
    const why = `namespace ${JSON.stringify(namespace)} does not own ClusterDomainClaim for ${domain}`;
    return { outcome: 'refused', why };
  }
  if (autocreate) return { outcome: 'to-be-claimed' };
  const why = `no ClusterDomainClaim found for domain ${domain} (and autocreate-cluster-domain-claims property is not true)`;
  return { outcome: 'refused', why };
}

/** Whether the claim goes with the mapping: only one that was made for it, never one that somebody else holds. */
export function releasesClaim(
  { metadata: { namespace = '' } }: DomainMapping,
  claim: ClusterDomainClaim | undefined,
  autocreate: boolean,
): claim is ClusterDomainClaim {
  return autocreate && claim?.spec.namespace === namespace;
}
