// What plain HTTP gets at a host that has TLS: by annotation, else by config-network.

import type { KIngress, NetworkConfig } from '#kinds/mod.ts';
import { HTTP_PROTOCOL_KEYS } from '#kinds/mod.ts';
import { firstOf } from './metadata.ts';

export type HttpOption = NonNullable<KIngress['spec']['httpOption']>;

/** The KIngress's word for it. Throws where an annotation says something that does not exist. */
export function httpOptionOf(
  annotations: Readonly<Record<string, string>> | undefined,
  { httpProtocol }: NetworkConfig,
): HttpOption {
  const asked = firstOf(annotations, HTTP_PROTOCOL_KEYS)?.toLowerCase() ?? '';
  switch (asked || httpProtocol) {
    case 'enabled':
      return 'Enabled';
    case 'redirected':
      return 'Redirected';
    default:
      if (asked) throw new Error(`incorrect http-protocol annotation: ${asked}`);
      return '';
  }
}
