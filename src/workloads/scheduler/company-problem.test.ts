import { expect, test } from 'vitest';
import type { JsonObject } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import { companyOf, nodeOf, podOf } from './company.fixture.ts';
import { companyProblem } from './company-problem.ts';
import { keepsAway } from './rules.ts';

const HOST = 'kubernetes.io/hostname';
const UNEVEN = "node(s) didn't match pod topology spread constraints";
const NOT_NEAR = "node(s) didn't match pod affinity rules";
const NOT_FAR = "node(s) didn't match pod anti-affinity rules";
const NOT_BORNE = "node(s) didn't satisfy existing pods anti-affinity rules";

const about = (app: string): JsonObject => ({
  requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: { matchLabels: { app } }, topologyKey: HOST }],
});
/** Each of these rules speaks against node `a`, where a web Pod is that bears no other. */
const spread: Partial<Pod['spec']> = {
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: HOST,
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'web' } },
    },
  ],
};
const near = { podAffinity: about('db') };
const far = { podAntiAffinity: about('web') };
const NODES = [nodeOf('a'), nodeOf('b')];
const GUARD = podOf({ app: 'web' }, { affinity: far });

test.each<[string, Partial<Pod['spec']>, Pod, string | undefined]>([
  ['the spread before all else', { ...spread, affinity: { ...near, ...far } }, GUARD, UNEVEN],
  ['whom it needs before whom it does not bear', { affinity: { ...near, ...far } }, GUARD, NOT_NEAR],
  ['its own rules before those of others', { affinity: far }, GUARD, NOT_FAR],
  ['those of others, where it has none', {}, GUARD, NOT_BORNE],
  ['nothing, where nobody has any', {}, podOf({ app: 'web' }), undefined],
])('%s', (_why, spec, there, expected) => {
  const company = companyOf(NODES, [['a', there]]);
  const guards = company.placed.filter(({ pod }) => keepsAway(pod));
  expect(companyProblem(podOf({ app: 'web' }, spec), nodeOf('a'), { company, guards })).toBe(expected);
});
