// KIngress, ServerlessService, Certificate and PodAutoscaler: what is filled in and what is refused.

import { copy } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { describe, expect, test } from 'vitest';
import { PodAutoscaler } from '../autoscaling/pod-autoscaler.ts';
import { tryWrite } from '../trial.ts';
import { Certificate } from './certificate.ts';
import { KIngress } from './ingress.ts';
import { ServerlessService } from './serverless-service.ts';

function made({ apiVersion, kind }: Pick<Kind, 'apiVersion' | 'kind'>, spec: unknown): KubeObject {
  return copy({ apiVersion, kind, metadata: { name: 'hello', namespace: 'default' }, spec });
}

const backend = { serviceName: 'a', serviceNamespace: 'default', servicePort: 80 };
const rule = (...splits: object[]) => ({ rules: [{ hosts: ['a'], http: { paths: [{ splits }] } }] });

describe('KIngress', () => {
  test.each([
    [rule(backend), ''],
    [rule({ ...backend, percent: 50 }, { ...backend, percent: 50 }), ''],
    [
      rule({ ...backend, percent: 50 }, { ...backend, percent: 40 }),
      'traffic split percentage must total to 100, but was 90: spec.rules[0].http.paths[0].splits',
    ],
    [
      rule({ ...backend, serviceNamespace: 'other' }),
      'service namespace must match ingress namespace: spec.rules[0].http.paths[0].splits[0].serviceNamespace',
    ],
    [{}, 'missing field(s): spec'],
    [{ tls: [{ hosts: ['a'] }] }, 'missing field(s): spec.rules, spec.tls[0].secretName, spec.tls[0].secretNamespace'],
    [{ rules: [{ hosts: ['a'] }] }, 'missing field(s): spec.rules[0].http'],
    [{ ...rule(backend), httpOption: 'Maybe' }, 'invalid value: Maybe: spec.httpOption'],
  ])('%j', (spec, text) => {
    expect(tryWrite(KIngress, made(KIngress, spec))).toMatchObject({ text, problems: [] });
  });

  test('fills in visibility and the share of a split that stands alone', () => {
    const { spec } = tryWrite(KIngress, made(KIngress, rule(backend))).object as KIngress;
    expect(spec.rules).toMatchObject([{ visibility: 'ExternalIP', http: { paths: [{ splits: [{ percent: 100 }] }] } }]);
  });
});

describe('ServerlessService', () => {
  const spec = {
    mode: 'Serve',
    protocolType: 'http1',
    objectRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' },
  };
  test.each([
    [spec, ''],
    [{ ...spec, mode: 'Sleep' }, 'invalid value: Sleep: spec.mode'],
    [{ ...spec, mode: '' }, 'missing field(s): spec.mode'],
    [{ ...spec, numActivators: -1 }, 'invalid value: -1: spec.numActivators'],
    [{ ...spec, protocolType: 'http3' }, 'invalid value: http3: spec.protocolType'],
    [{ ...spec, objectRef: { name: 'a' } }, 'missing field(s): spec.objectRef.apiVersion, spec.objectRef.kind'],
    [
      { ...spec, objectRef: { ...spec.objectRef, namespace: 'x' } },
      'must not set the field(s): spec.objectRef.namespace',
    ],
  ])('%j', (given, text) => {
    expect(tryWrite(ServerlessService, made(ServerlessService, given))).toMatchObject({ text, problems: [] });
  });
});

describe('Certificate', () => {
  test.each([
    [{ dnsNames: ['a.b.c'], secretName: 's', domain: 'b.c' }, ''],
    [{ dnsNames: [], secretName: '' }, 'missing field(s): spec.dnsNames, spec.secretName'],
    [{ dnsNames: [''], secretName: 's' }, 'invalid value: : spec.dnsNames[0]'],
    [
      { dnsNames: ['a.b.c'], secretName: 's', domain: 'x.y' },
      'invalid value: domain: spec.domain must be a suffix of, or match exactly, at least one entry in dnsNames',
    ],
  ])('%j', (spec, text) => {
    expect(tryWrite(Certificate, made(Certificate, spec))).toMatchObject({ text, problems: [] });
  });
});

describe('PodAutoscaler', () => {
  const spec = { protocolType: 'http1', scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' } };
  test('is given class and metric', () => {
    const of = (config: Record<string, string>) =>
      tryWrite(PodAutoscaler, made(PodAutoscaler, spec), { config: { 'config-autoscaler': config } }).object.metadata
        .annotations;
    expect(of({})).toEqual({
      'autoscaling.knative.dev/class': 'kpa.autoscaling.knative.dev',
      'autoscaling.knative.dev/metric': 'concurrency',
    });
    expect(of({ 'pod-autoscaler-class': 'hpa.autoscaling.knative.dev' })).toMatchObject({
      'autoscaling.knative.dev/metric': 'cpu',
    });
  });

  test('has bounds of concurrency', () => {
    expect(tryWrite(PodAutoscaler, made(PodAutoscaler, { ...spec, containerConcurrency: -1 })).text).toBe(
      'expected 0 <= -1 <= 1000: spec.containerConcurrency',
    );
  });
});
