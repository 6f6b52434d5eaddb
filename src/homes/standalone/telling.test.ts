// When everything has been told, with informers that are lists and a gateway that takes all it is told.

import { VirtualClock } from '#base/mod.ts';
import type { GatewayControl } from '#gateway/mod.ts';
import { EBB_INGRESS_CLASS, INGRESS_CLASS_KEYS, KIngress, Revision } from '#kinds/mod.ts';
import type { Informers } from '#objects/mod.ts';
import { expect, test } from 'vitest';
import { Telling } from './telling.ts';

const gateway = { setTarget: async () => {}, setIngress: async () => {} } as unknown as GatewayControl;
const target = { namespace: 'ns', name: 'r', concurrency: 0, timeoutMs: 0, protocol: 'http1', endpoints: [] } as const;

function ingress(ready: 'True' | 'False') {
  const annotations = { [INGRESS_CLASS_KEYS[0] ?? '']: EBB_INGRESS_CLASS };
  return {
    metadata: { namespace: 'ns', name: 'i', generation: 1, annotations },
    status: { observedGeneration: 1, conditions: [{ type: 'Ready', status: ready }] },
  };
}

async function telling(ingresses: unknown[]) {
  const lists = new Map<unknown, unknown[]>([
    [KIngress, ingresses],
    [Revision, [{ metadata: { namespace: 'ns', name: 'r' } }]],
  ]);
  const informers = { of: (kind: unknown) => ({ list: () => lists.get(kind) ?? [] }) } as unknown as Informers;
  const clock = new VirtualClock();
  const told = new Telling(informers, clock);
  let isAll = false;
  void told.all.then(() => (isAll = true));
  told.begin();
  const control = told.noting(gateway, () => {});
  return { clock, control, isAll: () => isAll };
}

test('an ingress that was ready is waited for, though its controller takes it for not ready meanwhile', async () => {
  const ingresses = [ingress('True')];
  const { clock, control, isAll } = await telling(ingresses);
  ingresses[0] = ingress('False');
  await control.setTarget('ns/r', target);
  await clock.advance(1000);
  expect(isAll()).toBe(false);
  await control.setIngress('ns/i', { rules: [] });
  await clock.advance(1000);
  expect(isAll()).toBe(true);
});

test('one that never was ready, and one that is no more, are not waited for', async () => {
  const ingresses = [ingress('False')];
  const { clock, control, isAll } = await telling(ingresses);
  await clock.advance(1000);
  expect(isAll()).toBe(false);
  await control.setTarget('ns/r', target);
  await clock.advance(1000);
  expect(isAll()).toBe(true);
});

test('what is never told is taken for gone after a minute', async () => {
  const { clock, isAll } = await telling([ingress('True')]);
  await clock.advance(59_000);
  expect(isAll()).toBe(false);
  await clock.advance(1100);
  expect(isAll()).toBe(true);
});
