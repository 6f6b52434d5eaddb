// Where events go (duck/v1 Destination): an object that has an address, a URI, or a URI within an object's address.

import type { TypeOf } from '#machinery/mod.ts';
import { FieldErrors, object, text } from '#machinery/mod.ts';
import { certificateFault } from './certificates.ts';
import type { ReferenceRules } from './reference.ts';
import { checkReference, KReferenceSchema } from './reference.ts';

export const destinationFields = {
  ref: KReferenceSchema.doc('The object to whose address events go.'),
  uri: text().doc('An absolute URL; beside ref, a reference that is resolved within its address.'),
  CACerts: text().doc('Certificates, as PEM, that the receiver is trusted by.'),
  audience: text().doc('The OIDC audience of the receiver; what its address says where this is not set.'),
};
export const DestinationSchema = object(destinationFields);
/** duck/v1 Destination. */
export type Destination = TypeOf<typeof DestinationSchema>;

/** An object in no particular namespace is looked for in that of its referrer. */
export function defaultDestination(destination: Destination | undefined, namespace: string | undefined): void {
  if (destination?.ref && namespace) destination.ref.namespace ||= namespace;
}

/** Checks a destination; paths are relative to it. Nothing is wrong with one that is not there. */
export function checkDestination(destination: Destination | undefined, rules: ReferenceRules = {}): FieldErrors {
  const errors = new FieldErrors();
  if (!destination) return errors;
  const { ref, uri, CACerts } = destination;
  if (!ref && uri === undefined) return errors.generic('expected at least one, got none', 'ref', 'uri');
  if (ref && uri !== undefined && isAbsoluteUri(uri)) {
    const message = 'Absolute URI is not allowed when Ref or [apiVersion, kind, name] is present';
    return errors.generic(message, '[apiVersion, kind, name]', 'ref', 'uri');
  }
  if (!ref && !hostOf(uri ?? '')) {
    return errors.invalid('Relative URI is not allowed when Ref and [apiVersion, kind, name] is absent', 'uri');
  }
  if (ref && uri === undefined) return errors.merge(checkReference(ref, rules), 'ref');
  const fault = CACerts === undefined ? undefined : certificateFault(CACerts);
  return fault ? errors.invalid(fault, 'caCert') : errors;
}

/** Whether there is nothing in a destination. */
export function isEmptyDestination(destination: Destination | undefined): boolean {
  return Object.values(destination ?? {}).every((value) => value === undefined);
}

const SCHEME = /^[a-zA-Z][a-zA-Z0-9+.-]*:/;

/** Whether a URI begins with a scheme. */
export const isAbsoluteUri = (uri: string): boolean => SCHEME.test(uri);

/** The host of an absolute URI; empty where there is none. */
function hostOf(uri: string): string {
  return /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#]*)/.exec(uri)?.[1] ?? '';
}
