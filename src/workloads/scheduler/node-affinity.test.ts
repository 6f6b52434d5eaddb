import { expect, test } from 'vitest';
import type { JsonObject } from '#base/mod.ts';
import { nodeOf, podOf } from './company.fixture.ts';
import { isWantedNode } from './node-affinity.ts';

const NODE = nodeOf('n', { disk: 'ssd', cores: '8', empty: '' });

/** A demand on labels, as `key operator values`. */
function demand(text: string): JsonObject {
  const [key = '', operator = '', ...values] = text.split(' ');
  return { key, operator, ...(values.length > 0 ? { values } : {}) };
}

const labels = (...demands: string[]): JsonObject => ({ matchExpressions: demands.map(demand) });
const fields = (...demands: string[]): JsonObject => ({ matchFields: demands.map(demand) });

const cases: readonly [string, JsonObject[], boolean][] = [
  ['no term at all fits no node', [], false],
  ['a term that asks for nothing fits no node', [{}], false],
  ['In', [labels('disk In hdd ssd')], true],
  ['In, another value', [labels('disk In hdd')], false],
  ['In, no such label', [labels('gpu In yes')], false],
  ['NotIn', [labels('disk NotIn hdd')], true],
  ['NotIn, its value', [labels('disk NotIn hdd ssd')], false],
  ['NotIn, no such label', [labels('gpu NotIn yes')], true],
  ['Exists', [labels('empty Exists')], true],
  ['Exists, no such label', [labels('gpu Exists')], false],
  ['Exists, by the name of what every object has', [labels('constructor Exists')], false],
  ['DoesNotExist', [labels('gpu DoesNotExist')], true],
  ['DoesNotExist, but it does', [labels('disk DoesNotExist')], false],
  ['Gt', [labels('cores Gt 7')], true],
  ['Gt, the same', [labels('cores Gt 8')], false],
  ['Gt, not by letters', [labels('cores Gt 10')], false],
  ['Lt', [labels('cores Lt 10')], true],
  ['Lt, the same', [labels('cores Lt 8')], false],
  ['Gt, no number', [labels('disk Gt 1')], false],
  ['Lt, no number', [labels('disk Lt 1')], false],
  ['Lt, no such label', [labels('gpu Lt 1')], false],
  ['Gt, a bound that is none', [labels('cores Gt few')], false],
  ['Gt, a bound with its sign', [labels('cores Gt +7')], true],
  ['Gt, no bound', [labels('cores Gt')], false],
  ['Gt, two bounds', [labels('cores Gt 1 2')], false],
  ['Lt, a bound that is none', [labels('cores Lt many')], false],
  ['an operator that is none', [labels('disk Like ssd')], false],
  ['an operator by the name of what every object has', [labels('disk constructor ssd')], false],
  ['all of a term must hold', [labels('disk In ssd', 'cores Gt 8')], false],
  ['one of the terms must hold', [labels('disk In hdd'), labels('cores Gt 7')], true],
  ['the name of the node', [fields('metadata.name In n')], true],
  ['the name of another', [fields('metadata.name In m')], false],
  ['not the name of another', [fields('metadata.name NotIn m')], true],
  ['a field that is none', [fields('spec.unschedulable DoesNotExist')], false],
  ['a field by the name of what every object has', [fields('constructor DoesNotExist')], false],
  ['labels and fields together', [{ ...labels('disk In ssd'), ...fields('metadata.name In m') }], false],
];

test.each(cases)('node affinity: %s', (_why, nodeSelectorTerms, expected) => {
  const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
  expect(isWantedNode(podOf({}, { affinity: { nodeAffinity } }), NODE)).toBe(expected);
});

test('the node selector must hold as well', () => {
  const nodeAffinity = {
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [labels('disk Exists')] },
  };
  const asks = (disk: string) => podOf({}, { affinity: { nodeAffinity }, nodeSelector: { disk } });
  expect([isWantedNode(asks('ssd'), NODE), isWantedNode(asks('hdd'), NODE)]).toEqual([true, false]);
});

test('what is preferred forbids nothing', () => {
  const preference = { weight: 1, preference: labels('disk In hdd') };
  const nodeAffinity = { preferredDuringSchedulingIgnoredDuringExecution: [preference] };
  expect(isWantedNode(podOf({}, { affinity: { nodeAffinity } }), NODE)).toBe(true);
});
