// The EventTypes of sources, and of what comes in.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkCases } from '../../../test/cases/check.ts';
import { eventTypeOf } from './auto-create.ts';
import { sourceEventTypesController, sourceKinds } from './of-source.ts';

const [kind] = sourceKinds.filter((one) => one.kind === 'PingSource');
if (!kind) throw new Error('there is no PingSource');
checkCases(join(import.meta.dirname, 'source-cases'), () => sourceEventTypesController(kind));

test('a type that was seen has an EventType under a name of its own', () => {
  const owner = {
    apiVersion: 'eventing.knative.dev/v1',
    kind: 'Broker',
    metadata: { name: 'b', namespace: 'ns', uid: '1' },
  };
  const seen = {
    stream: 's',
    address: { kind: 'broker', namespace: 'ns', name: 'b' },
    type: 'T',
    source: '/s',
  } as const;
  const made = eventTypeOf(seen, owner);
  expect(made.metadata).toEqual({
    name: expect.stringMatching(/^et-b-[0-9a-f]{32}$/),
    namespace: 'ns',
    ownerReferences: [{ apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', name: 'b', uid: '1' }],
  });
  expect(made.spec).toMatchObject({
    type: 'T',
    source: '/s',
    reference: { kind: 'Broker', name: 'b', namespace: 'ns' },
  });
  expect(eventTypeOf({ ...seen, type: 'U' }, owner).metadata.name).not.toBe(made.metadata.name);
});
