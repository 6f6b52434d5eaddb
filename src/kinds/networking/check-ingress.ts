// What Knative fills into a KIngress, and what it refuses in one.

import { FieldErrors } from '#machinery/mod.ts';
import type { IngressPath, IngressRule, IngressSplit, IngressTls } from './ingress-spec.ts';

interface Spec {
  httpOption?: string | undefined;
  rules?: IngressRule[] | undefined;
  tls?: IngressTls[] | undefined;
}

/** Fills in visibility, and the whole share of a split that stands alone. */
export function defaultIngress(spec: Spec): void {
  for (const rule of spec.rules ?? []) {
    rule.visibility ||= 'ExternalIP';
    for (const { splits = [] } of rule.http?.paths ?? []) {
      const [only] = splits;
      if (only && splits.length === 1) only.percent ||= 100;
    }
  }
}

/** Checks a KIngress of a namespace; paths are relative to its spec. */
export function checkIngress(spec: Spec, namespace: string): FieldErrors {
  const errors = new FieldErrors();
  if (!spec.rules?.length && !spec.tls?.length && !spec.httpOption) return errors.missing('');
  if (!spec.rules?.length) errors.missing('rules');
  for (const [index, rule] of (spec.rules ?? []).entries()) errors.merge(checkRule(rule, namespace), `rules[${index}]`);
  for (const [index, tls] of (spec.tls ?? []).entries()) errors.merge(checkTls(tls), `tls[${index}]`);
  const option = spec.httpOption ?? '';
  if (!['', 'Enabled', 'Redirected'].includes(option)) errors.invalid(option, 'httpOption');
  return errors;
}

function checkRule({ http }: IngressRule, namespace: string): FieldErrors {
  const errors = new FieldErrors();
  if (!http) return errors.missing('http');
  if (!http.paths?.length) return errors.missing('http.paths');
  for (const [index, path] of http.paths.entries()) errors.merge(checkPath(path, namespace), `http.paths[${index}]`);
  return errors;
}

function checkPath({ splits }: IngressPath, namespace: string): FieldErrors {
  const errors = new FieldErrors();
  if (splits.length === 0) return errors.missing('splits');
  for (const [index, split] of splits.entries()) {
    const inner = checkSplit(split, namespace);
    if (inner.text) return errors.merge(inner, `splits[${index}]`);
  }
  const total = splits.reduce((sum, { percent = 0 }) => sum + percent, 0);
  if (total === 100 || (splits.length === 1 && total === 0)) return errors;
  return errors.generic(`traffic split percentage must total to 100, but was ${total}`, 'splits');
}

function checkSplit(split: IngressSplit, namespace: string): FieldErrors {
  const errors = new FieldErrors();
  const { percent = 0, serviceName, serviceNamespace, servicePort } = split;
  if (percent < 0 || percent > 100) errors.invalid(percent, 'percent');
  if (!serviceNamespace) errors.missing('serviceNamespace');
  else if (serviceNamespace !== namespace) {
    errors.generic('service namespace must match ingress namespace', 'serviceNamespace');
  }
  if (!serviceName) errors.missing('serviceName');
  return servicePort === undefined || servicePort === 0 || servicePort === '' ? errors.missing('servicePort') : errors;
}

function checkTls({ hosts, secretName, secretNamespace }: IngressTls): FieldErrors {
  const errors = new FieldErrors();
  if (!hosts?.length && !secretName && !secretNamespace) return errors.missing('');
  if (!secretName) errors.missing('secretName');
  return secretNamespace ? errors : errors.missing('secretNamespace');
}
