// What sends events of its own (duck/v1 Source): where to, and what it adds to each event.

import { FieldErrors, list, map, object, text } from '#machinery/mod.ts';
import type { TypeOf } from '#machinery/mod.ts';
import { AuthSchema } from './addressable.ts';
import { DestinationSchema } from './destination.ts';

const CeOverridesSchema = object({ extensions: map(text()).doc('Attributes that are set on every event.') });
/** duck/v1 CloudEventOverrides. */
export type CeOverrides = TypeOf<typeof CeOverridesSchema>;

/** Fields of the spec of a source. */
export const sourceSpecFields = { sink: DestinationSchema, ceOverrides: CeOverridesSchema };

const CeAttributesSchema = list(object({ type: text(), source: text() }));
/** duck/v1 CloudEventAttributes, those of each event. */
export type CeAttributes = TypeOf<typeof CeAttributesSchema>;

/** Fields of the status of a source beside the conditions. */
export const sourceStatusFields = {
  sinkUri: text(),
  sinkCACerts: text(),
  sinkAudience: text(),
  ceAttributes: CeAttributesSchema.doc('Which events the source sends.'),
  auth: AuthSchema,
};

/** Checks what is set on events; paths are relative to the source's spec. */
export function checkCeOverrides(overrides: CeOverrides | undefined): FieldErrors {
  const errors = new FieldErrors();
  for (const key of Object.keys(overrides?.extensions ?? {})) {
    if (!/^[a-zA-Z0-9]+$/.test(key))
      errors.invalidKey(key, 'ceOverrides.extensions', 'keys are expected to be alphanumeric');
  }
  return errors;
}
