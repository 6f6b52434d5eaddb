// Which networking annotations there are; others of their group are refused.

import { FieldErrors } from '#machinery/mod.ts';
import { CERTIFICATE_CLASS_KEYS, DISABLE_TLS_KEYS, HTTP_PROTOCOL_KEYS, INGRESS_CLASS_KEYS } from '../labels.ts';

const KNOWN: ReadonlySet<string> = new Set([
  ...INGRESS_CLASS_KEYS,
  ...CERTIFICATE_CLASS_KEYS,
  ...DISABLE_TLS_KEYS,
  ...HTTP_PROTOCOL_KEYS,
]);

/** Checks keys; the path is where the annotations are. */
export function checkNetworkingKeys(annotations: Readonly<Record<string, string>>): FieldErrors {
  const errors = new FieldErrors();
  for (const key of Object.keys(annotations)) {
    if (key.startsWith('networking.knative.dev') && !KNOWN.has(key)) errors.invalidKey(key, '');
  }
  return errors;
}
