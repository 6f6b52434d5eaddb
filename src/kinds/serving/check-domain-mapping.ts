// What Knative refuses in a DomainMapping.

import type { ObjectMeta } from '#machinery/mod.ts';
import { FieldErrors, fullyQualifiedDomainNameFault } from '#machinery/mod.ts';
import { CLUSTER_DOMAIN } from '../config/domain.ts';

/** Checks that a mapping's name is a domain name outside the cluster; paths are relative to metadata. */
export function checkDomainName({ name, generateName }: ObjectMeta): FieldErrors {
  const errors = new FieldErrors();
  if (generateName) errors.disallowed('generateName');
  const quoted = JSON.stringify(name);
  const fault = fullyQualifiedDomainNameFault('name', name);
  if (fault) errors.generic(`invalid name ${quoted}: ${fault}`, 'name');
  if (name.endsWith(`.${CLUSTER_DOMAIN}`)) {
    const why = `must not be a subdomain of cluster local domain ${JSON.stringify(CLUSTER_DOMAIN)}`;
    errors.generic(`invalid name ${quoted}: ${why}`, 'name');
  }
  return errors;
}
