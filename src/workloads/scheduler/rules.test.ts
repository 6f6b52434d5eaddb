import { describe, expect, test } from 'vitest';
import type { JsonObject } from '#base/mod.ts';
import { podOf } from './company.fixture.ts';
import { keepsAway, minds, nodeTerms, podTerms } from './rules.ts';

const required = (rule: unknown) => ({ requiredDuringSchedulingIgnoredDuringExecution: rule }) as JsonObject;
const preferred = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: {} }] };

describe('who has a say', () => {
  const cases: readonly [string, JsonObject, boolean, boolean][] = [
    ['a node affinity', { nodeAffinity: required({}) }, false, false],
    ['an affinity', { podAffinity: required([{}]) }, true, false],
    ['an anti-affinity', { podAntiAffinity: required([{}]) }, true, true],
    ['what is only preferred', { podAffinity: preferred, podAntiAffinity: preferred }, false, false],
  ];
  test.each(cases)('%s', (_why, affinity, isMindful, isGuard) => {
    const pod = podOf({}, { affinity });
    expect([minds(pod), keepsAway(pod)]).toEqual([isMindful, isGuard]);
  });

  test.each([
    ['DoNotSchedule', true],
    ['ScheduleAnyway', false],
  ])('a constraint with %s: %j', (whenUnsatisfiable, expected) => {
    const constraint = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable };
    expect(minds(podOf({}, { topologySpreadConstraints: [constraint] }))).toBe(expected);
  });
});

describe('what is written wrongly is read without a fault', () => {
  const wrong: readonly unknown[] = [null, 5, 'x', [], {}, [null], [5], [{ labelSelector: 5, namespaces: 'x' }]];
  test.each(wrong.map((rule) => [rule]))('%j', (rule) => {
    const term = { matchExpressions: rule, matchFields: rule };
    const pod = podOf({}, { affinity: { nodeAffinity: required({ nodeSelectorTerms: [term] }) } });
    expect(() => nodeTerms(pod)).not.toThrow();
    expect(() =>
      podTerms(podOf({}, { affinity: { podAntiAffinity: required(rule) } }), 'podAntiAffinity'),
    ).not.toThrow();
    const selector = {
      labelSelector: { matchLabels: rule, matchExpressions: rule } as JsonObject,
      topologyKey: 'zone',
    };
    const owner = podOf({}, { affinity: { podAntiAffinity: required([selector]) } });
    expect(() => podTerms(owner, 'podAntiAffinity')).not.toThrow();
  });
});
