// What Knative refuses in a DomainMapping.

import type { ObjectMeta } from '#machinery/mod.ts';
import { FieldErrors, dns1123Label, dns1123Subdomain } from '#machinery/mod.ts';
import { CLUSTER_DOMAIN } from '../config/domain.ts';

/** Checks that a mapping's name is a domain name outside the cluster; paths are relative to metadata. */
export function checkDomainName({ name, generateName }: ObjectMeta): FieldErrors {
  const errors = new FieldErrors();
  if (generateName) errors.disallowed('generateName');
  const quoted = JSON.stringify(name);
  const fault = domainFault(name);
  if (fault) errors.generic(`invalid name ${quoted}: ${fault}`, 'name');
  if (name.endsWith(`.${CLUSTER_DOMAIN}`)) {
    const why = `must not be a subdomain of cluster local domain ${JSON.stringify(CLUSTER_DOMAIN)}`;
    errors.generic(`invalid name ${quoted}: ${why}`, 'name');
  }
  return errors;
}

function domainFault(name: string): string | undefined {
  if (!name) return 'name: Required value';
  const bare = name.replace(/\.$/, '');
  const told = (value: string, why: string): string => `name: Invalid value: ${JSON.stringify(value)}: ${why}`;
  const faults = dns1123Subdomain(bare);
  if (faults.length > 0) return told(bare, faults.join(','));
  const labels = bare.split('.');
  if (labels.length < 2) return told(bare, 'should be a domain with at least two segments separated by dots');
  const bad = labels.find((label) => dns1123Label(label).length > 0);
  return bad === undefined ? undefined : told(bad, dns1123Label(bad).join(','));
}
