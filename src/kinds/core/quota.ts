// ResourceQuota and LimitRange: how much a namespace may hold, and what its containers get by default.

import { parseQuantity } from '#base/mod.ts';
import type { KubeObject, ObjectOf, Problems, TypeOf } from '#machinery/mod.ts';
import { age, computed, defineKind, list, object, text } from '#machinery/mod.ts';
import { checkQuota } from './check-quota.ts';
import { ResourceListSchema } from './container.ts';

const QuotaStatusSchema = object({ hard: ResourceListSchema, used: ResourceListSchema });
type QuotaParts = KubeObject & { status?: TypeOf<typeof QuotaStatusSchema> };

function shareText({ status }: QuotaParts, limits: boolean): string {
  const hard = Object.entries(status?.hard ?? {}).filter(([name]) => name.startsWith('limits.') === limits);
  return hard
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, most]) => `${name}: ${status?.used?.[name] ?? '0'}/${most}`)
    .join(', ');
}

export const ResourceQuota = defineKind({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  names: { plural: 'resourcequotas', short: ['quota'] },
  scope: 'Namespaced',
  doc: 'ResourceQuota sets aggregate quota restrictions enforced per namespace.',
  spec: object({
    hard: ResourceListSchema,
    scopes: list(text()),
    scopeSelector: object({
      matchExpressions: list(
        object({ scopeName: text().required(), operator: text().required(), values: list(text()) }),
      ),
    }),
  }),
  status: QuotaStatusSchema,
  validate({ spec }, problems, { subresource }, before) {
    if (subresource === 'status') return;
    checkQuota(problems.under('spec'), spec);
    const scopes = before && JSON.stringify([before.spec.scopes ?? [], before.spec.scopeSelector ?? {}]);
    if (before && scopes !== JSON.stringify([spec.scopes ?? [], spec.scopeSelector ?? {}]))
      problems.under('spec').invalid('scopes', spec.scopes ?? null, 'field is immutable');
  },
  columns: {
    Request: computed((quota: QuotaParts) => shareText(quota, false)),
    Limit: computed((quota: QuotaParts) => shareText(quota, true)),
    Age: age,
  },
});
export type ResourceQuota = ObjectOf<typeof ResourceQuota>;

const LimitRangeItemSchema = object({
  type: text().required(),
  max: ResourceListSchema,
  min: ResourceListSchema,
  default: ResourceListSchema,
  defaultRequest: ResourceListSchema,
  maxLimitRequestRatio: ResourceListSchema,
});
export type LimitRangeItem = TypeOf<typeof LimitRangeItemSchema>;

/** For containers a most is a default too, a default is a default request, and so is a least. */
function fillLimits(limit: LimitRangeItem): void {
  limit.default = { ...limit.max, ...limit.default };
  limit.defaultRequest = { ...limit.min, ...limit.default, ...limit.defaultRequest };
}

const LIMIT_TYPES = ['Container', 'PersistentVolumeClaim', 'Pod'];

function checkLimit(problems: Problems, limit: LimitRangeItem): void {
  if (!LIMIT_TYPES.includes(limit.type)) problems.notSupported('type', limit.type, LIMIT_TYPES);
  if (limit.type === 'Pod') {
    for (const field of ['default', 'defaultRequest'] as const) {
      if (limit[field]) problems.forbidden(field, "may not be specified when `type` is 'Pod'");
    }
  }
  const above = (field: 'min' | 'default' | 'defaultRequest', most: 'max' | 'default'): void => {
    for (const [name, amount] of Object.entries(limit[field] ?? {})) {
      const bound = limit[most]?.[name];
      if (bound === undefined || (parseQuantity(amount) ?? 0) <= (parseQuantity(bound) ?? 0)) continue;
      const [low, high] = [WORDS[field], WORDS[most]];
      problems.invalid(
        `${field}[${name}]`,
        String(amount),
        `${low} value ${amount} is greater than ${high} value ${bound}`,
      );
    }
  };
  above('min', 'max');
  above('default', 'max');
  above('defaultRequest', 'default');
}

const WORDS = { min: 'min', max: 'max', default: 'default', defaultRequest: 'default request' } as const;

export const LimitRange = defineKind({
  apiVersion: 'v1',
  kind: 'LimitRange',
  names: { plural: 'limitranges', short: ['limits'] },
  scope: 'Namespaced',
  doc: 'LimitRange sets resource usage limits for each kind of resource in a namespace.',
  spec: object({ limits: list(LimitRangeItemSchema).required() }),
  defaults({ spec }) {
    for (const limit of spec.limits ?? []) if (limit.type === 'Container') fillLimits(limit);
  },
  validate({ spec }, problems) {
    for (const [index, limit] of spec.limits.entries()) checkLimit(problems.under(`spec.limits[${index}]`), limit);
  },
  columns: { 'Created At': computed(({ metadata }: KubeObject) => metadata.creationTimestamp ?? null) },
});
export type LimitRange = ObjectOf<typeof LimitRange>;
