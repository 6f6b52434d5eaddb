// What an object says of where it can be reached (duck/v1 Addressable).

import type { TypeOf } from '#machinery/mod.ts';
import { ageSince, condition, field, list, object, reason, text } from '#machinery/mod.ts';

export const AddressSchema = object({ CACerts: text(), audience: text(), name: text(), url: text() });
/** duck/v1 Addressable. */
export type Address = TypeOf<typeof AddressSchema>;

/** Fields of the status of what has addresses. */
export const addressFields = {
  address: AddressSchema,
  addresses: list(AddressSchema).doc('All addresses, the one that is preferred first.'),
};

/** The columns of what has an address. */
export const addressColumns = {
  URL: field('status.address.url'),
  Age: ageSince,
  Ready: condition('Ready'),
  Reason: reason('Ready'),
};

/** A field of a status with the ServiceAccounts as which an object sends. */
export const AuthSchema = object({
  serviceAccountName: text().doc('The ServiceAccount as which events are sent.'),
  serviceAccountNames: list(text()),
});
/** duck/v1 AuthStatus. */
export type Auth = TypeOf<typeof AuthSchema>;

/** Fields of the status of what event policies apply to. */
export const policyFields = {
  policies: list(object({ apiVersion: text(), name: text() })).doc('The event policies that apply.'),
};
