// JobSinks and IntegrationSinks over the real store, asked by HTTP as senders ask.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { filtering, Gatekeeper } from '#events/mod.ts';
import {
  ConfigMap,
  EVENTING_NAMESPACE,
  eventingFeaturesConfig,
  EventPolicy,
  IntegrationSink,
  Job,
  JobSink,
  Secret,
} from '#kinds/mod.ts';
import { findCondition, isReady } from '#machinery/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { made, sourcesWorld } from '../../test/sources/world.ts';
import type { SinkAnswer, SinkRequest } from './front.ts';
import { frontOf } from './front.ts';
import { guardOf } from './guard.ts';
import { integrationSinkController } from './integration/controller.ts';
import { integrationSinkFront } from './integration/front.ts';
import { jobSinkAdmission } from './job/admission.ts';
import { jobSinkController } from './job/controller.ts';
import { jobSinkFront } from './job/front.ts';

let world: Awaited<ReturnType<typeof sourcesWorld>>;
let ask: (request: SinkRequest) => Promise<SinkAnswer>;
let lines: object[];

const container = { name: 'c', image: 'ko.local/worker' };
const job = { spec: { template: { spec: { restartPolicy: 'Never', containers: [container] } } } };
const CA = 'the CA';
const HOST = `job-sink.${EVENTING_NAMESPACE}.svc.cluster.local`;
const EVENT = ['ce-specversion', '1.0', 'ce-id', 'a/1', 'ce-source', '/s p', 'ce-type', 't'];
const LOCATION = '/namespaces/default/name/it/sources/%2Fs%20p/ids/a%2F1';

const logger: Logger = {
  ...silentLog,
  named: (name) => ({
    ...silentLog,
    info: (message, fields) => void lines.push({ name, level: 'info', message, ...fields }),
    warn: (message, fields) => void lines.push({ name, level: 'warn', message, ...fields }),
  }),
};

beforeEach(async () => {
  lines = [];
  world = await sourcesWorld({
    plugins: [
      jobSinkAdmission(async (body, { namespace, user }) => {
        await world.registry.create(Job, namespace, body, { user, dryRun: true, fieldValidation: 'Strict' });
      }),
    ],
  });
  world.begin(jobSinkController(CA), integrationSinkController(CA));
  const guard = guardOf({
    informers: world.informers,
    features: () => world.engine.config.get(eventingFeaturesConfig),
    gatekeeper: new Gatekeeper({
      verify: async (token, audience) => {
        const [subject = '', ...audiences] = token.split(',');
        if (!audiences.includes(audience)) throw new Error(`it is not for ${audience}`);
        return subject;
      },
      passes: (filters, event) => filtering.sieve(filters).matches(event),
    }),
  });
  ask = frontOf([jobSinkFront(world.client, guard), integrationSinkFront(world.informers, guard, logger)]);
});
afterEach(() => world.stop());

function post(over: Partial<SinkRequest> = {}): Promise<SinkAnswer> {
  return ask({
    method: 'POST',
    target: '/default/it',
    scheme: 'http',
    host: HOST,
    headers: [...EVENT, 'content-type', 'application/json'],
    body: new TextEncoder().encode('{"a":1.0}'),
    ...over,
  });
}

describe('a JobSink', () => {
  beforeEach(async () => {
    await world.client.create(JobSink, made(JobSink, { job }));
    await world.clock.advance(100);
  });

  test('says where it takes events', async () => {
    const sink = await world.client.get(JobSink, 'default', 'it');
    expect(sink && isReady(sink)).toBe(true);
    expect(sink?.status).toMatchObject({
      address: { url: `http://${HOST}/default/it` },
      job: { selector: 'sinks.knative.dev/job-sink-name=it' },
    });
  });

  test('makes a Job of an event, which lies as a file in it', async () => {
    expect(await post()).toEqual({ status: 202, headers: { Location: LOCATION } });
    const [made] = (await world.client.list(Job)).items;
    expect(made?.metadata.labels).toMatchObject({ 'sinks.knative.dev/job-sink-name': 'it' });
    expect(made?.metadata.ownerReferences).toMatchObject([{ kind: 'JobSink', name: 'it', controller: true }]);
    const secretName = made?.metadata.name ?? '';
    expect(made?.spec.template.spec).toMatchObject({
      volumes: [{ name: 'jobsink-event', secret: { secretName } }],
      containers: [
        {
          env: [
            { name: 'K_EXECUTION_MODE', value: 'batch' },
            { name: 'K_EVENT_PATH', value: '/etc/jobsink-event/event' },
          ],
          volumeMounts: [{ name: 'jobsink-event', mountPath: '/etc/jobsink-event', readOnly: true }],
        },
      ],
    });
    const secret = await world.client.get(Secret, 'default', secretName);
    expect(secret?.metadata.ownerReferences).toMatchObject([{ kind: 'Job', name: secretName }]);
    const event = atob(secret?.data?.['event'] ?? '');
    expect(JSON.parse(event)).toEqual({
      specversion: '1.0',
      id: 'a/1',
      source: '/s p',
      type: 't',
      datacontenttype: 'application/json',
      data: { a: 1 },
    });
    expect(event).toContain('1.0}');
  });

  test('makes one Job, however often an event comes', async () => {
    await post();
    expect(await post()).toMatchObject({ status: 202 });
    expect((await world.client.list(Job)).items).toHaveLength(1);
    await post({ headers: ['ce-specversion', '1.0', 'ce-id', '2', 'ce-source', '/s', 'ce-type', 't'] });
    expect((await world.client.list(Job)).items).toHaveLength(2);
  });

  test('gives a Job its event, where the platform died before it could', async () => {
    await post();
    const [secret] = (await world.client.list(Secret)).items;
    await world.client.delete(Secret, 'default', secret?.metadata.name ?? '');
    await post();
    expect((await world.client.list(Secret)).items).toHaveLength(1);
  });

  test('tells how a Job fares', async () => {
    await post();
    const get = () => post({ method: 'GET', target: LOCATION });
    expect(await get()).toEqual({ status: 202, headers: { Location: LOCATION } });
    const [there] = (await world.client.list(Job)).items;
    if (!there) throw new Error('no Job');
    const end = (type: string) =>
      world.client.updateStatus(Job, {
        ...there,
        metadata: { ...there.metadata, resourceVersion: '' },
        status: { conditions: [{ type, status: 'True' }] },
      });
    await end('Complete');
    expect(await get()).toEqual({ status: 200, headers: { Reason: 'Complete' } });
    await end('Failed');
    expect(await get()).toEqual({ status: 400, headers: { Reason: 'Failed' } });
  });

  test.each<[string, Partial<SinkRequest>, RegExp]>([
    ['a path of one part', { target: '/default' }, /expected the path/],
    ['a path of three', { target: '/default/it/x' }, /expected the path/],
    ['a sink that is not there', { target: '/default/other' }, /there is no JobSink default\/other/],
    ['what is no event', { headers: [] }, /expected an event/],
    ['a bad event', { headers: ['ce-specversion', '1.0', 'ce-id', '1'] }, /source/],
    [
      'a batch',
      { headers: ['content-type', 'application/cloudevents-batch+json'], body: Buffer.from('[]') },
      /a batch/,
    ],
    ['another method', { method: 'PUT' }, /the method is PUT/],
    ['a place that is none', { method: 'GET' }, /expected the Location/],
    ['a Job that is none', { method: 'GET', target: LOCATION }, /has no Job/],
  ])('refuses %s', async (_, request, text) => {
    expect(await post(request)).toEqual({ status: 400, text: expect.stringMatching(text) as string });
  });

  test('says why a Job cannot be made', async () => {
    await world.client.delete(JobSink, 'default', 'it');
    await world.client.create(JobSink, made(JobSink, { job }));
    const create = world.client.create.bind(world.client);
    world.client.create = () => Promise.reject(new Error('no room\non the disk'));
    expect(await post()).toMatchObject({ status: 500, headers: { Reason: 'no room on the disk' } });
    world.client.create = create;
  });
});

test('the Job of a JobSink is tried out', async () => {
  const bad = { spec: { template: { spec: { containers: [container] } } } };
  await expect(world.client.create(JobSink, made(JobSink, { job: bad }))).rejects.toThrow(
    /validation\.webhook\.eventing\.knative\.dev" denied the request: validation failed: .*restartPolicy.*: spec\.job$/,
  );
  const unknown = { spec: { ...job.spec, wheels: 4 } };
  await expect(world.client.create(JobSink, made(JobSink, { job: unknown }))).rejects.toThrow(/wheels/);
  expect((await world.client.list(Job)).items).toEqual([]);
});

describe('an IntegrationSink', () => {
  const host = 'it-deployment.default.svc.cluster.local';

  test('logs events', async () => {
    await world.client.create(IntegrationSink, made(IntegrationSink, { log: { level: 'WARN', loggerName: 'mine' } }));
    await world.clock.advance(100);
    const sink = await world.client.get(IntegrationSink, 'default', 'it');
    expect(sink && isReady(sink)).toBe(true);
    expect(sink?.status?.address?.url).toBe(`http://${host}`);
    expect(await post({ host, target: '/' })).toEqual({ status: 204 });
    expect(await post({ host, headers: [] })).toMatchObject({ status: 400 });
    expect(await post({ host, method: 'GET' })).toMatchObject({ status: 405 });
    expect(lines).toEqual([
      {
        name: 'mine',
        level: 'warn',
        message: 'an event',
        sink: 'default/it',
        id: 'a/1',
        type: 't',
        source: '/s p',
        datacontenttype: 'application/json',
        data: '{"a":1.0}',
      },
    ]);
  });

  test('of Amazon is not ready, and not served', async () => {
    const aws = { sns: { arn: 'a', region: 'r' }, auth: { serviceAccountName: 'me' } };
    await world.client.create(IntegrationSink, made(IntegrationSink, { aws }));
    await world.clock.advance(100);
    const sink = await world.client.get(IntegrationSink, 'default', 'it');
    expect(sink && isReady(sink)).toBe(false);
    expect(await post({ host })).toEqual({ status: 404, text: `no sink has the host "${host}"` });
  });
});

describe('where senders must say who they are, by TLS', () => {
  const AUDIENCE = 'sinks.knative.dev/jobsink/default/it';
  const token = (subject: string, audience = AUDIENCE) => ['Authorization', `Bearer ${subject},${audience}`];
  const policy = async (spec: object, isHeld = true) => {
    const made = await world.client.create(EventPolicy, {
      apiVersion: EventPolicy.apiVersion,
      kind: EventPolicy.kind,
      metadata: { name: 'p', namespace: 'default' },
      spec: { to: [{ ref: { apiVersion: JobSink.apiVersion, kind: JobSink.kind, name: 'it' } }], ...spec },
    });
    const conditions = [{ type: 'Ready', status: isHeld ? 'True' : 'False' }] as const;
    await world.client.updateStatus(EventPolicy, {
      ...made,
      status: { observedGeneration: made.metadata.generation, from: ['someone'], conditions: [...conditions] },
    });
    await world.clock.advance(100);
  };

  beforeEach(async () => {
    await world.client.create(ConfigMap, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'config-features', namespace: EVENTING_NAMESPACE },
      data: { 'authentication-oidc': 'enabled', 'transport-encryption': 'strict' },
    });
    await world.client.create(JobSink, made(JobSink, { job }));
    await world.client.create(IntegrationSink, made(IntegrationSink, { log: {} }));
    await world.clock.advance(100);
  });

  test('addresses tell whom to trust, and for whom tokens are to be', async () => {
    const jobs = await world.client.get(JobSink, 'default', 'it');
    const address = { name: 'https', url: `https://${HOST}/default/it`, CACerts: CA, audience: AUDIENCE };
    expect(jobs?.status).toMatchObject({ address, addresses: [address] });
    const logs = await world.client.get(IntegrationSink, 'default', 'it');
    expect(logs?.status?.address).toEqual({
      name: 'https',
      url: 'https://it-deployment.default.svc.cluster.local',
      CACerts: CA,
      audience: 'sinks.knative.dev/integrationsink/default/it',
    });
  });

  test.each<[string, Partial<SinkRequest>, number, RegExp]>([
    ['plainly', { scheme: 'http', headers: [...EVENT, ...token('system:serviceaccount:default:me')] }, 404, /https/],
    ['nobody', {}, 401, /a bearer token is asked for/],
    ['a token for another', { headers: [...EVENT, ...token('me', 'other')] }, 401, /it is not for sinks/],
    ['somebody of elsewhere', { headers: [...EVENT, ...token('system:serviceaccount:other:me')] }, 403, /other:me/],
  ])('refuses %s', async (_, request, status, text) => {
    const answer = await post({ scheme: 'https', ...request });
    expect(answer).toMatchObject({ status, text: expect.stringMatching(text) as string });
    expect((await world.client.list(Job)).items).toEqual([]);
  });

  test('lets in who is of the namespace, where no policy says otherwise', async () => {
    const headers = [...EVENT, ...token('system:serviceaccount:default:me')];
    expect(await post({ scheme: 'https', headers })).toMatchObject({ status: 202 });
  });

  test('lets in whom a policy names, with what passes its filters', async () => {
    await policy({ from: [{ sub: 'someone' }], filters: [{ exact: { type: 't' } }] });
    const send = (who: string, type = 't') =>
      post({
        scheme: 'https',
        headers: ['ce-specversion', '1.0', 'ce-id', '1', 'ce-source', '/s', 'ce-type', type, ...token(who)],
      });
    expect(await send('someone')).toMatchObject({ status: 202 });
    expect(await send('someone', 'other')).toMatchObject({ status: 403 });
    expect(await send('system:serviceaccount:default:me')).toMatchObject({ status: 403 });
    const sink = await world.client.get(JobSink, 'default', 'it');
    expect(sink?.status?.policies).toEqual([{ apiVersion: EventPolicy.apiVersion, name: 'p' }]);
  });

  test('is not ready while a policy is not', async () => {
    await policy({ from: [{ sub: 'someone' }] }, false);
    const sink = await world.client.get(JobSink, 'default', 'it');
    expect(findCondition(sink?.status, 'Ready')).toMatchObject({ status: 'False', reason: 'EventPoliciesNotReady' });
  });
});
