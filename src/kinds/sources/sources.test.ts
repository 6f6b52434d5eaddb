// Sources: what is filled in, and what is refused.

import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { crdOf } from '#machinery/mod.ts';
import { tryWrite } from '../trial.ts';
import { ApiServerSource } from './api-server-source.ts';
import { ContainerSource } from './container-source.ts';
import { GitHubSource } from './github-source.ts';
import { IntegrationSource } from './integration-source.ts';
import { KafkaSource } from './kafka-source.ts';
import { PingSource, PingSourceV1Beta2 } from './ping-source.ts';
import { SinkBinding } from './sink-binding.ts';
import { WebhookSource } from './webhook-source.ts';

type Fields = Readonly<Record<string, unknown>>;
interface Case {
  readonly why: string;
  readonly kind: string;
  readonly metadata?: Fields;
  readonly spec?: Fields;
  readonly before?: Fields;
  readonly config?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly text: string;
}

const sink = { ref: { apiVersion: 'v1', kind: 'Service', name: 'sink' } };
const secretOf = (name: string) => ({ secretKeyRef: { name, key: 'k' } });
const FINE: Readonly<Record<string, readonly [Kind, Fields]>> = {
  PingSource: [PingSource, { sink }],
  ApiServerSource: [ApiServerSource, { sink, resources: [{ apiVersion: 'v1', kind: 'Event' }] }],
  ContainerSource: [ContainerSource, { sink, template: { spec: { containers: [{ image: 'ko.local/x' }] } } }],
  SinkBinding: [SinkBinding, { sink, subject: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } }],
  IntegrationSource: [IntegrationSource, { sink, timer: { message: 'hello' } }],
  GitHubSource: [GitHubSource, { sink, ownerAndRepository: 'o/r', eventTypes: ['push'], secretToken: secretOf('s') }],
  WebhookSource: [WebhookSource, { sink, signature: { secret: secretOf('s') } }],
  KafkaSource: [KafkaSource, { sink, topics: ['t'], bootstrapServers: ['127.0.0.1:9092'] }],
};

function built(kindName: string, over: Fields = {}, metadata: Fields = {}): [Kind, KubeObject] {
  const [kind, spec] = FINE[kindName] ?? [PingSource, {}];
  const whole = Object.fromEntries(Object.entries({ ...spec, ...over }).filter(([, value]) => value !== null));
  return [
    kind,
    structuredClone({
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      metadata: { name: 'it', namespace: 'default', ...metadata },
      spec: whole,
    }) as KubeObject,
  ];
}

const cases = parse(readFileSync(new URL('./cases/sources.yaml', import.meta.url), 'utf8')) as Case[];

test.each(cases)('$kind: $why', ({ kind: name, spec, metadata, before, config, text }) => {
  const [kind, object] = built(name, spec, metadata);
  const earlier = before ? built(name, before)[1] : undefined;
  expect(tryWrite(kind, object, { before: earlier, config })).toMatchObject({ text, problems: [] });
});

describe('what is filled in', () => {
  const filled = (name: string, over?: Fields) => {
    const [kind, object] = built(name, over);
    return tryWrite(kind, object).object as KubeObject & { spec: Record<string, unknown> };
  };

  test('a PingSource sends every minute', () => {
    const { spec, metadata } = filled('PingSource');
    expect(spec['schedule']).toBe('* * * * *');
    expect(metadata.annotations).toEqual({
      'sources.knative.dev/creator': 'someone',
      'sources.knative.dev/lastModifier': 'someone',
    });
  });

  test('an ApiServerSource tells who, as the default account', () => {
    expect(filled('ApiServerSource').spec).toMatchObject({ mode: 'Reference', serviceAccountName: 'default' });
  });

  test('containers of a ContainerSource have names', () => {
    const containers = [{ image: 'a' }, { image: 'b', name: 'own' }];
    const { template } = filled('ContainerSource', { template: { spec: { containers } } }).spec as {
      template: { spec: { containers: { name: string }[] } };
    };
    expect(template.spec.containers.map(({ name }) => name)).toEqual(['it-0', 'own']);
  });

  test('a SinkBinding stays in its namespace', () => {
    expect(filled('SinkBinding').spec).toMatchObject({
      subject: { namespace: 'default' },
      sink: { ref: { namespace: 'default' } },
    });
  });

  test('a timer ticks every second', () => {
    expect(filled('IntegrationSource').spec['timer']).toEqual({
      message: 'hello',
      period: 1000,
      contentType: 'text/plain',
    });
  });

  test('a KafkaSource begins at the end, with one consumer in a group of its own', () => {
    expect(filled('KafkaSource').spec).toMatchObject({
      consumers: 1,
      initialOffset: 'latest',
      ordering: 'ordered',
      consumerGroup: 'knative-kafka-source-it',
    });
  });
});

test('clients find the kinds of sources by a label, and their events by an annotation', () => {
  expect(crdOf([PingSource, PingSourceV1Beta2])).toMatchObject({
    metadata: {
      name: 'pingsources.sources.knative.dev',
      labels: { 'duck.knative.dev/source': 'true', 'eventing.knative.dev/source': 'true' },
      annotations: { 'registry.knative.dev/eventTypes': '[{"type":"dev.knative.sources.ping"}]' },
    },
    spec: {
      versions: [
        { name: 'v1', storage: true },
        { name: 'v1beta2', storage: false },
      ],
    },
  });
});
