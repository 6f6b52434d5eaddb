// The addresses that an object tells, by the features that are switched on.

import type { Address, EventingFeatures } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { audienceOf } from './policies.ts';

export interface AddressedStatus {
  address?: Address | undefined;
  addresses?: Address[] | undefined;
}

export interface AddressParts {
  readonly plain: string;
  readonly secure: string;
  /** Certificates by which the secure address is trusted; asked for where there is one. */
  readonly caCerts: () => string | undefined;
}

/** Writes down where an object is reached: plainly, by TLS, or both. */
export function tellAddress(
  status: AddressedStatus,
  object: KubeObject,
  features: EventingFeatures,
  parts: AddressParts,
): void {
  const caCerts = features.encryption === 'disabled' ? undefined : parts.caCerts();
  const audience = features.isEnabled('authentication-oidc') ? { audience: audienceOf(object) } : {};
  const http: Address = { name: 'http', url: parts.plain, ...audience };
  const https: Address = { name: 'https', url: parts.secure, ...(caCerts ? { CACerts: caCerts } : {}), ...audience };
  delete status.addresses;
  if (features.encryption === 'strict') status.address = https;
  else status.address = http;
  if (features.encryption === 'permissive') status.addresses = [https, http];
  if (features.encryption === 'strict') status.addresses = [https];
}
