import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { amountText } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { allKinds } from '../all-kinds.ts';
import { Pod } from '../core/pod.ts';
import type { LimitRange, ResourceQuota } from '../core/quota.ts';
import { tryWrite } from '../trial.ts';
import { giveLimits, podFaults } from './limit-range.ts';
import { quotaRefusal, usedOf } from './refusal.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z');
const read = <T>(file: string): T => parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as T;

interface QuotaCase {
  readonly why: string;
  readonly quota: Record<string, unknown>;
  readonly there?: readonly Record<string, unknown>[];
  readonly kind?: string;
  readonly write: Record<string, unknown>;
  readonly before?: Record<string, unknown>;
  readonly used?: Record<string, string>;
  readonly refusal?: string;
}

function kindOf(name = 'Pod'): Kind {
  const kind = allKinds.find((one) => one.kind === name);
  if (!kind) throw new Error(`no kind ${name}`);
  return kind;
}

function objectOf(kind: Kind, given: Record<string, unknown>): KubeObject {
  const { name = 'x', metadata = {}, ...rest } = given;
  return {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { name: String(name), namespace: 'default', ...(metadata as object) },
    ...rest,
  };
}

const quotaOf = (spec: Record<string, unknown>) =>
  objectOf(kindOf('ResourceQuota'), { name: 'q', spec }) as KubeObject & ResourceQuota;

test.each(read<QuotaCase[]>('./cases/quota.yaml'))('$why', (given) => {
  const kind = kindOf(given.kind);
  const quota = quotaOf(given.quota);
  const there = (given.there ?? []).map((one) => objectOf(kind, one));
  const used = usedOf(quota, kind, there, NOW);
  const shown = Object.fromEntries(Object.entries(used).map(([name, amount]) => [name, amountText(amount)]));
  if (given.used) expect(shown).toEqual(given.used);
  const write = { kind, object: objectOf(kind, given.write), now: NOW };
  const before = given.before && objectOf(kind, given.before);
  expect(quotaRefusal(quota, used, { ...write, before })).toBe(given.refusal);
});

interface LimitCase {
  readonly why: string;
  readonly limits: readonly Record<string, unknown>[];
  readonly resources?: Record<string, Record<string, string>>;
  readonly becomes?: Record<string, Record<string, string>>;
  readonly note?: string;
  readonly faults?: readonly string[];
}

test.each(read<LimitCase[]>('./cases/limit-range.yaml'))('$why', ({ limits, resources, becomes, note, faults }) => {
  const range = tryWrite(kindOf('LimitRange'), objectOf(kindOf('LimitRange'), { spec: { limits } })).object;
  const container = { name: 'main', image: 'i', ...(resources ? { resources } : {}) };
  const pod = tryWrite(Pod, objectOf(Pod, { spec: { containers: [container] } })).object as KubeObject & Pod;
  giveLimits(pod, range as KubeObject & LimitRange);
  if (becomes) expect(pod.spec.containers[0]?.resources).toEqual(becomes);
  expect(pod.metadata.annotations?.['kubernetes.io/limit-ranger']).toBe(note);
  expect(podFaults(pod, range as KubeObject & LimitRange)).toEqual(faults ?? []);
});

test.each([
  [{ hard: { foo: '1' } }, 'spec.hard[foo]: Invalid value: "foo": must be a standard resource for quotas'],
  [{ hard: { pods: '-1' } }, 'spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0'],
  [{ hard: { pods: '1500m' } }, 'spec.hard[pods]: Invalid value: "1500m": must be an integer'],
  [{ scopes: ['Other'] }, 'spec.scopes: Invalid value: ["Other"]: unsupported scope'],
  [
    { hard: { cpu: '1' }, scopes: ['BestEffort'] },
    'spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource',
  ],
  [
    { scopes: ['Terminating', 'NotTerminating'] },
    'spec.scopes: Invalid value: ["Terminating","NotTerminating"]: conflicting scopes',
  ],
])('a quota of %j is refused', (spec, fault) => {
  expect(tryWrite(kindOf('ResourceQuota'), quotaOf(spec)).problems).toEqual([fault]);
});
