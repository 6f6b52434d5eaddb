// A WebhookSource: an event for each call of an address by whoever knows a secret. The one kind of source that is Ebb's own.

import type { ObjectOf, TypeOf } from '#machinery/mod.ts';
import {
  ageSince,
  condition,
  defineKind,
  field,
  FieldErrors,
  flag,
  living,
  livingStatus,
  object,
  reason,
  text,
} from '#machinery/mod.ts';
import { AddressSchema } from '../duck/addressable.ts';
import { noteUser } from '../duck/note-user.ts';
import { sourceSpecFields, sourceStatusFields } from '../duck/source.ts';
import { EVENTING_WEBHOOK } from '../labels.ts';
import { checkSource } from './check-source.ts';
import { sourceLabels } from './labels.ts';
import { checkSecretKey, SecretKeySchema } from './secret-key.ts';

/** How calls are shown to come from whoever knows the secret; `token` is the secret itself. */
export const SIGNATURE_ALGORITHMS = ['sha256', 'sha1', 'sha512', 'token'] as const;
const ENCODINGS = ['hex', 'base64'];
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const PATH = /^[\w-]+(\.[\w-]+)*$/;

const SignatureSchema = object({
  secret: SecretKeySchema.doc('The secret that both sides know.'),
  header: text().doc('The header with the signature; by default X-Hub-Signature-256.'),
  algorithm: text().doc(
    'sha256 (the default), sha1 or sha512: an HMAC of the body; or token: the header is the secret itself.',
  ),
  encoding: text().doc('How the signature is encoded: hex (the default) or base64.'),
  prefix: text().doc('What stands before the signature in the header, such as sha256=.'),
});
export type WebhookSignature = TypeOf<typeof SignatureSchema>;

const ValueFromSchema = object({
  value: text().doc('Always this.'),
  header: text().doc('The value of a header.'),
  path: text().doc('A value in the body, which is JSON: names of fields with dots between them.'),
  prefix: text().doc('What is put before the value.'),
});
/** Where an attribute of an event comes from. */
export type ValueFrom = TypeOf<typeof ValueFromSchema>;

const ATTRIBUTES = ['id', 'type', 'subject'] as const;

export const WebhookSource = defineKind({
  apiVersion: 'sources.ebb.dev/v1alpha1',
  kind: 'WebhookSource',
  names: { plural: 'webhooksources', categories: ['all', 'knative', 'eventing', 'sources'] },
  scope: 'Namespaced',
  doc: 'WebhookSource sends an event for each call of its address that is signed with its secret.',
  spec: object({
    ...sourceSpecFields,
    signature: SignatureSchema.doc('How callers prove that they know the secret.'),
    unsigned: flag().doc('Whether anyone may call.'),
    event: object({
      source: text().doc('The source of events; by default the path of this object.'),
      id: ValueFromSchema.doc(
        'The id of an event; by default a new one. If the caller repeats its id, receivers recognize a repeated call.',
      ),
      type: ValueFromSchema.doc('The type of an event; by default dev.ebb.webhook.'),
      subject: ValueFromSchema.doc('The subject of an event; by default none.'),
    }),
  }),
  status: livingStatus({ ...sourceStatusFields, address: AddressSchema.doc('The URL to be called.') }),
  conditions: living('SinkProvided', 'SecretsProvided', 'AddressReady', 'OIDCIdentityCreated'),
  columns: {
    URL: field('status.address.url'),
    Sink: field('status.sinkUri'),
    Age: ageSince,
    Ready: condition('Ready'),
    Reason: reason('Ready'),
  },
  custom: true,
  crdLabels: sourceLabels,
  webhook: EVENTING_WEBHOOK,
  defaults(source, context, before) {
    if (context.subresource === 'status') return;
    const { signature } = source.spec;
    if (signature) {
      signature.header ||= 'X-Hub-Signature-256';
      signature.algorithm ||= 'sha256';
      signature.encoding ||= 'hex';
    }
    noteUser(source, context, before);
  },
  check({ spec }, errors, context) {
    if (context.subresource === 'status') return;
    errors.merge(checkSource(spec, context), 'spec');
    const { signature, unsigned = false, event } = spec;
    if (!signature === !unsigned)
      errors.generic(`expected exactly one, got ${signature ? 'both' : 'neither'}`, 'spec.signature', 'spec.unsigned');
    if (signature) errors.merge(checkSignature(signature), 'spec.signature');
    for (const name of ATTRIBUTES) if (event?.[name]) errors.merge(checkValue(event[name]), `spec.event.${name}`);
    if (event?.id?.value !== undefined) errors.disallowed('spec.event.id.value');
  },
});
export type WebhookSource = ObjectOf<typeof WebhookSource>;

function checkSignature({ secret, header, algorithm, encoding }: WebhookSignature): FieldErrors {
  const errors = new FieldErrors();
  checkSecretKey(errors, 'secret', secret);
  if (!HEADER_NAME.test(header ?? '')) errors.invalid(header, 'header');
  if (!SIGNATURE_ALGORITHMS.some((one) => one === algorithm)) errors.invalid(algorithm, 'algorithm');
  if (!ENCODINGS.includes(encoding ?? '')) errors.invalid(encoding, 'encoding');
  return errors;
}

function checkValue({ value, header, path }: ValueFrom): FieldErrors {
  const errors = new FieldErrors();
  const given = [value, header, path].filter((one) => one !== undefined).length;
  if (given !== 1)
    errors.generic(`expected exactly one, got ${given === 0 ? 'neither' : 'both'}`, 'header', 'path', 'value');
  if (header !== undefined && !HEADER_NAME.test(header)) errors.invalid(header, 'header');
  if (path !== undefined && !PATH.test(path))
    errors.invalid(path, 'path', 'expected names of fields with dots between them');
  return errors;
}
