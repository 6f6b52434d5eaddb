// What Knative refuses in a reference to an object of the same namespace, and in the name of a protocol.

import { FieldErrors, dns1123Label, qualifiedName } from '#machinery/mod.ts';
import { cIdentifier } from '../name-rules.ts';
import { onlyFields } from '../serving/fields.ts';

interface Reference {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  name?: string | undefined;
}
const RULES = { apiVersion: qualifiedName, kind: cIdentifier, name: dns1123Label } as const;

/** Checks a reference; paths are relative to it. */
export function checkReference(reference: Reference): FieldErrors {
  const errors = new FieldErrors();
  onlyFields(errors, reference, new Set(Object.keys(RULES)));
  for (const [field, rule] of Object.entries(RULES) as [keyof Reference, (text: string) => readonly string[]][]) {
    const value = reference[field];
    const faults = value ? rule(value) : [];
    if (!value) errors.missing(field);
    else if (faults.length > 0) errors.invalid(faults.join(', '), field);
  }
  return errors;
}

/** Checks `http1` or `h2c`; the path is the field. */
export function checkProtocol(protocol: string | undefined): FieldErrors {
  const errors = new FieldErrors();
  if (!protocol) return errors.missing('protocolType');
  return protocol === 'http1' || protocol === 'h2c' ? errors : errors.invalid(protocol, 'protocolType');
}
