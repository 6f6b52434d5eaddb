// What must not change once it stands.

import { equal } from '#base/mod.ts';
import { FieldErrors } from '#machinery/mod.ts';
import { changes } from '../serving/changes.ts';

/** Says what changed between two values of a Go type (`v1.BrokerSpec`). */
export function checkUnchanged(type: string, before: unknown, now: unknown, ...paths: string[]): FieldErrors {
  const errors = new FieldErrors();
  if (equal(before, now)) return errors;
  const details = changes(`{${type}}`, before, now).join('');
  return details ? errors.add({ message: 'Immutable fields changed (-old +new)', paths, details }) : errors;
}

/** An object without some of its fields. */
export function except(value: object, ...fields: readonly string[]): object {
  return Object.fromEntries(Object.entries(value).filter(([field]) => !fields.includes(field)));
}
