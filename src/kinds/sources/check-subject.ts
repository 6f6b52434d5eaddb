// What Knative refuses as the subject of a binding (knative.dev/pkg/tracker Reference).

import type { LabelSelectorObject } from '#machinery/mod.ts';
import { dns1123Label, dns1123Subdomain, FieldErrors, qualifiedName } from '#machinery/mod.ts';

export interface Subject {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly selector?: LabelSelectorObject | undefined;
}

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];
const C_IDENTIFIER = '[A-Za-z_][A-Za-z0-9_]*';
const IDENTIFIER_TEXT = `a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '${C_IDENTIFIER}')`;

/** Checks what a binding changes; paths are relative to the subject. */
export function checkSubject(subject: Subject | undefined): FieldErrors {
  const errors = new FieldErrors();
  const { apiVersion = '', kind = '', namespace = '', name = '', selector } = subject ?? {};
  checkText(errors, 'apiVersion', apiVersion, qualifiedName(apiVersion));
  checkText(errors, 'kind', kind, new RegExp(`^${C_IDENTIFIER}$`).test(kind) ? [] : [IDENTIFIER_TEXT]);
  checkText(errors, 'namespace', namespace, dns1123Label(namespace));
  if (selector && name) return errors.generic('expected exactly one, got both', 'selector', 'name');
  if (selector) return checkSelector(errors, selector);
  if (!name) return errors.generic('expected exactly one, got neither', 'selector', 'name');
  checkText(errors, 'name', name, dns1123Subdomain(name));
  return errors;
}

function checkText(errors: FieldErrors, path: string, value: string, faults: readonly string[]): void {
  if (!value) errors.missing(path);
  else if (faults.length > 0) errors.invalid(faults.join(', '), path);
}

function checkSelector(errors: FieldErrors, { matchExpressions = [] }: LabelSelectorObject): FieldErrors {
  for (const { operator } of matchExpressions) {
    if (!OPERATORS.includes(operator))
      errors.invalid(`${JSON.stringify(operator)} is not a valid label selector operator`, 'selector');
  }
  return errors;
}
