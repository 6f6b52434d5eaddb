import { expect, test } from 'vitest';
import type { CoreService } from '#kinds/mod.ts';
import type { Informers } from '#objects/mod.ts';
import { servicePlaces } from './service-places.ts';

/** Services of which no endpoint is looked up. */
function placesOf(services: Readonly<Record<string, CoreService['spec']>>) {
  const informers = {
    of: () => ({
      addIndex() {},
      byIndex: () => [],
      get: (namespace: string, name: string) => {
        const spec = services[`${namespace}/${name}`];
        return spec && { apiVersion: 'v1', kind: 'Service', metadata: { namespace, name }, spec };
      },
    }),
  } as unknown as Informers;
  return servicePlaces(informers);
}

const GATEWAY = 'gateway.ebb-system.svc.cluster.local';
const of = placesOf({
  'default/fn': { type: 'ExternalName', externalName: GATEWAY },
  'default/far': { type: 'ExternalName', externalName: 'example.com.' },
});

test.each([
  ['fn', 80, 'activator-service.knative-serving.svc.cluster.local'],
  ['fn', 443, GATEWAY],
  ['far', 80, 'example.com'],
])('%s at port %i is another name of %s', (name, port, host) => {
  expect(of({ namespace: 'default', name, port, isSure: true })).toEqual({ kind: 'alias', host });
});

test('a Service that is not there is not known', () => {
  expect(of({ namespace: 'default', name: 'none', port: 80, isSure: true })).toEqual({ kind: 'unknown' });
});
