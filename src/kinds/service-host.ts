// Hosts of core Services, in whichever of their spellings.

import { CLUSTER_DOMAIN } from './config/domain.ts';

/** What a host of a Service is made of; undefined where it is none. */
export function serviceOfHost(host: string): { readonly name: string; readonly namespace: string } | undefined {
  const [name = '', namespace = '', svc, ...domain] = host.toLowerCase().split('.');
  if (!name || !namespace) return undefined;
  const isService = svc === undefined || (svc === 'svc' && ['', CLUSTER_DOMAIN].includes(domain.join('.')));
  return isService ? { name, namespace } : undefined;
}
