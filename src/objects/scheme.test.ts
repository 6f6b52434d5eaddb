import { expect, test } from 'vitest';
import { Gadget, Thing, ThingV2 } from '../../test/contracts/thing-kinds.ts';
import { Scheme } from './scheme.ts';

test('finds kinds by name and by resource, in each version', () => {
  const scheme = new Scheme([Thing, ThingV2]);
  expect(scheme.byKind('test.ebb.dev/v2', 'Thing')).toBe(ThingV2);
  expect(scheme.byKind('v1', 'Thing')).toBeUndefined();
  expect(scheme.byResource('test.ebb.dev', 'v1', 'things')).toBe(Thing);
  expect(scheme.versionsOf('test.ebb.dev/things')).toEqual([Thing, ThingV2]);
  expect(scheme.storedAs(ThingV2)).toBe(Thing);
});

test('kinds come, change and go at run time, and each change is told once', () => {
  const scheme = new Scheme([Thing]);
  let told = 0;
  const stop = scheme.onChange(() => told++);
  scheme.add(ThingV2, Gadget);
  expect(told).toBe(1);
  const wider = { ...Thing, doc: 'wider' };
  scheme.add(wider);
  expect(scheme.versionsOf(Thing.resource)).toEqual([wider, ThingV2]);
  scheme.replace([wider], [Thing]);
  expect(scheme.versionsOf(Thing.resource)).toEqual([ThingV2, Thing]);
  scheme.remove(Thing, ThingV2);
  expect(scheme.byResource('test.ebb.dev', 'v1', 'things')).toBeUndefined();
  stop();
  scheme.remove(Gadget);
  expect(told).toBe(4);
});
