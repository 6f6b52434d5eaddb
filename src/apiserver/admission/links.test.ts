import { expect, test } from 'vitest';
import type { KReference } from '#kinds/mod.ts';
import { Broker, Subscription, Trigger } from '#kinds/mod.ts';
import type { Attributes } from '../authz/attributes.ts';
import { linkAdmission } from './links.ts';

const BROKER: KReference = { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', name: 'b', namespace: 'there' };
const CHANNEL: KReference = {
  apiVersion: 'messaging.knative.dev/v1',
  kind: 'InMemoryChannel',
  name: 'c',
  namespace: 'there',
};

interface Case {
  readonly of?: 'Trigger' | 'Subscription' | 'Broker';
  readonly reference?: KReference;
  readonly may?: boolean;
  readonly isOn?: boolean;
  readonly operation?: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly subresource?: string;
}

/** Tries a write of `ann` in the namespace `here`; gives what was asked of the authorizer. */
async function attempt({
  of = 'Trigger',
  reference = BROKER,
  may = false,
  isOn = true,
  operation = 'CREATE',
  subresource,
}: Case) {
  const asked: Attributes[] = [];
  const plugin = linkAdmission(
    {
      authorize(attributes) {
        asked.push(attributes);
        return { allowed: may, reason: '' };
      },
    },
    () => ({ isEnabled: (feature) => isOn && feature === 'cross-namespace-event-links' }),
  );
  const kind = { Trigger, Subscription, Broker }[of];
  const spec = of === 'Subscription' ? { channel: reference } : { brokerRef: reference };
  await plugin.validate?.({
    operation,
    kind,
    namespace: 'here',
    name: 'a',
    object: { apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name: 'a', namespace: 'here' }, spec } as never,
    ...(subresource ? { subresource } : {}),
    user: { name: 'ann', groups: [] },
    dryRun: false,
    now: 0,
    warn() {},
  });
  return asked;
}

test.each<[string, Case, number]>([
  ['where they may subscribe', { may: true }, 1],
  ['a Subscription, where they may', { may: true, of: 'Subscription', reference: CHANNEL }, 1],
  ['at home', { reference: { ...BROKER, namespace: 'here' } }, 0],
  ['without a namespace', { reference: { kind: 'Broker', name: 'b' } }, 0],
  ['where links are switched off, for then the kind itself refuses them', { isOn: false }, 0],
  ['a status', { subresource: 'status' }, 0],
  ['what goes', { operation: 'DELETE' }, 0],
  ['another kind', { of: 'Broker' }, 0],
])('%s: taken', async (_, given, asked) => {
  expect(await attempt(given)).toHaveLength(asked);
});

test.each<[string, Case, string]>([
  ['a new Trigger', {}, 'BrokerNamespace'],
  ['a Trigger that changes', { operation: 'UPDATE' }, 'BrokerNamespace'],
  ['a Subscription', { of: 'Subscription', reference: CHANNEL }, 'InMemoryChannelNamespace'],
])('%s whose author may not: refused in Knative’s words', async (_, given, field) => {
  await expect(attempt(given)).rejects.toThrow(
    `admission webhook "validation.webhook.eventing.knative.dev" denied the request: validation failed: user ann is not authorized to get target resource in namespace: there: spec.${field}`,
  );
});

test('what is asked is what a SubjectAccessReview would ask', async () => {
  const [asked] = await attempt({
    may: true,
    of: 'Subscription',
    reference: { ...CHANNEL, apiVersion: undefined, group: 'g' },
  });
  expect(asked).toMatchObject({
    user: { name: 'ann' },
    verb: 'knsubscribe',
    group: 'g',
    resource: 'inmemorychannels',
    namespace: 'there',
    name: 'c',
  });
});
