// What integration sources and sinks have in common: fields of Amazon's services, and what Knative refuses in them.

import { isRecord } from '#base/mod.ts';
import { FieldErrors, flag, int32, object, text } from '#machinery/mod.ts';

export const AwsAuthSchema = object({
  secret: object({ ref: object({ name: text() }).doc('The Secret with the credentials.') }),
  serviceAccountName: text(),
}).doc('How Amazon is told who asks.');

const place = { region: text(), uriEndpointOverride: text(), overrideEndpoint: flag().default(false) };
const polling = (most: number) => ({ delay: int32().default(500), maxMessagesPerPoll: int32().default(most) });

/** Fields of S3, whose bucket is named by a field that differs between source and sink. */
export const s3Fields = {
  ...place,
  ...polling(10),
  deleteAfterRead: flag().default(true),
  moveAfterRead: flag().default(false),
  destinationBucket: text(),
  destinationBucketPrefix: text(),
  destinationBucketSuffix: text(),
  autoCreateBucket: flag().default(false),
  prefix: text(),
  ignoreBody: flag().default(false),
  forcePathStyle: flag().default(false),
};
export const sqsFields = {
  ...place,
  ...polling(1),
  deleteAfterRead: flag().default(true),
  autoCreateQueue: flag().default(false),
  host: text().default('amazonaws.com'),
  protocol: text().default('https'),
  queueURL: text(),
  greedy: flag().default(false),
  waitTimeSeconds: int32(),
  visibilityTimeout: int32(),
};
export const snsFields = { ...place, autoCreateTopic: flag().default(false) };
export const ddbStreamsFields = {
  ...place,
  delay: int32().default(500),
  table: text(),
  streamIteratorType: text().default('FROM_LATEST'),
};

type Services = Readonly<Record<string, unknown>>;

/** The services of Amazon that a spec names, by their JSON names. */
export function awsServices(aws: object | undefined): string[] {
  return Object.entries(aws ?? {})
    .filter(([name, value]) => name !== 'auth' && value !== undefined)
    .map(([name]) => name);
}

/**
 * Checks that one type is chosen, and that one of Amazon's has what it needs; paths are relative to the spec. `own` tells
 * whether the type that is not Amazon's is set, `needed` the fields that each service must have.
 */
export function checkIntegration(
  what: 'source' | 'sink',
  own: boolean,
  aws: object | undefined,
  needed: Readonly<Record<string, readonly string[]>>,
): FieldErrors {
  const errors = new FieldErrors();
  const services = awsServices(aws);
  const chosen = services.length + (own ? 1 : 0);
  // Knative tells these under a path that has spec twice.
  if (chosen > 1) return errors.generic(`only one ${what} type can be set`, 'spec');
  if (chosen === 0) return errors.generic(`at least one ${what} type must be specified`, 'spec');
  for (const service of services) errors.merge(checkService(aws as Services, service, needed[service] ?? []), 'aws');
  return errors;
}

function checkService(aws: Services, service: string, needed: readonly string[]): FieldErrors {
  const errors = new FieldErrors();
  if (!hasAuth(aws['auth'])) errors.missing('auth.secret.ref.name');
  const fields = aws[service];
  for (const name of needed) if (!isRecord(fields) || !fields[name]) errors.missing(`${service}.${name}`);
  return errors;
}

function hasAuth(auth: unknown): boolean {
  if (!isRecord(auth)) return false;
  const secret = isRecord(auth['secret']) ? auth['secret'] : {};
  const ref = isRecord(secret['ref']) ? secret['ref'] : {};
  return Boolean(ref['name']) || Boolean(auth['serviceAccountName']);
}
