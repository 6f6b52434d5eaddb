// A value that lies in a Secret of the source's namespace.

import type { TypeOf } from '#machinery/mod.ts';
import type { FieldErrors } from '#machinery/mod.ts';
import { object, text } from '#machinery/mod.ts';

export const SecretKeySchema = object({
  secretKeyRef: object({ name: text().doc('The Secret.'), key: text().doc('Which of its values.') }),
});
export type SecretKey = TypeOf<typeof SecretKeySchema>;

/** Checks that a Secret and a key in it are named. */
export function checkSecretKey(errors: FieldErrors, path: string, from: SecretKey | undefined): void {
  const { name, key } = from?.secretKeyRef ?? {};
  if (!name) errors.missing(`${path}.secretKeyRef.name`);
  if (!key) errors.missing(`${path}.secretKeyRef.key`);
}
