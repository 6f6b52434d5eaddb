// Sinks: what is filled in, and what is refused.

import { describe, expect, test } from 'vitest';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { tryWrite } from '../trial.ts';
import { IntegrationSink } from './integration-sink.ts';
import { JobSink } from './job-sink.ts';
import { KafkaSink } from './kafka-sink.ts';

function made({ apiVersion, kind }: Kind, spec: object): KubeObject {
  return structuredClone({ apiVersion, kind, metadata: { name: 'it', namespace: 'default' }, spec }) as KubeObject;
}

const job = { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } } };
const kafka = { topic: 't', bootstrapServers: ['127.0.0.1:9092'] };
const auth = { secret: { ref: { name: 's' } } };

test.each<[Kind, object, string]>([
  [JobSink, { job }, ''],
  [JobSink, {}, 'expected exactly one, got neither: spec.job'],
  [IntegrationSink, { log: {} }, ''],
  [IntegrationSink, {}, 'at least one sink type must be specified: spec.spec'],
  [IntegrationSink, { log: {}, aws: { s3: {} } }, 'only one sink type can be set: spec.spec'],
  [IntegrationSink, { aws: { s3: { arn: 'a', region: 'r' }, auth } }, ''],
  [
    IntegrationSink,
    { aws: { sns: {} } },
    'missing field(s): spec.aws.auth.secret.ref.name, spec.aws.sns.arn, spec.aws.sns.region',
  ],
  [KafkaSink, kafka, ''],
  [KafkaSink, {}, 'missing field(s): spec.bootstrapServers, spec.topic'],
  [KafkaSink, { ...kafka, contentMode: 'batched' }, 'invalid value: batched: spec.contentMode'],
  [KafkaSink, { ...kafka, numPartitions: 0 }, 'invalid value: 0: spec.numPartitions'],
])('$kind with %j', (kind, spec, text) => {
  expect(tryWrite(kind, made(kind, spec))).toMatchObject({ text, problems: [] });
});

test('a topic stays', () => {
  const before = made(KafkaSink, kafka);
  expect(tryWrite(KafkaSink, made(KafkaSink, { ...kafka, topic: 'u' }), { before }).text).toBe(
    'Immutable fields changed (-old +new): spec.topic',
  );
});

describe('the Job of a JobSink', () => {
  const containersOf = (object: KubeObject) =>
    (object as KubeObject & { spec: { job: typeof job } }).spec.job.spec.template.spec.containers;

  test('knows that it runs for one event', () => {
    const [container] = containersOf(tryWrite(JobSink, made(JobSink, { job })).object);
    expect(container).toMatchObject({ env: [{ name: 'K_EXECUTION_MODE', value: 'batch' }] });
  });

  test('knows it once', () => {
    const first = tryWrite(JobSink, made(JobSink, { job })).object;
    expect(containersOf(tryWrite(JobSink, first).object)).toEqual(containersOf(first));
  });

  test('may be anything, for its own kind judges it', () => {
    expect(tryWrite(JobSink, made(JobSink, { job: { spec: 'x' } })).text).toBe('');
  });
});
