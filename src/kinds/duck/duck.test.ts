// Destinations, references and deliveries: what is filled in and what is refused.

import { describe, expect, test } from 'vitest';
import { eventingFeaturesConfig } from '../config/eventing-features.ts';
import { checkDelivery } from './delivery.ts';
import type { Destination } from './destination.ts';
import { checkDestination, defaultDestination } from './destination.ts';
import { checkReference } from './reference.ts';
import { checkCeOverrides } from './source.ts';

const ref = { apiVersion: 'v1', kind: 'Service', name: 'sink' };
const RELATIVE = 'invalid value: Relative URI is not allowed when Ref and [apiVersion, kind, name] is absent: uri';
const PEM = `-----BEGIN CERTIFICATE-----\n${btoa('\u0030\u0003\u0002\u0001\u0001')}\n-----END CERTIFICATE-----\n`;

test.each<[Destination | undefined, string]>([
  [undefined, ''],
  [{}, 'expected at least one, got none: ref, uri'],
  [{ uri: 'http://example.com/a' }, ''],
  [{ uri: '/a' }, RELATIVE],
  [{ uri: '' }, RELATIVE],
  [{ uri: 'mailto:someone' }, RELATIVE],
  [{ ref, uri: '/a' }, ''],
  [
    { ref, uri: 'http://example.com' },
    'Absolute URI is not allowed when Ref or [apiVersion, kind, name] is present: [apiVersion, kind, name], ref, uri',
  ],
  [{ ref: { kind: 'Service' } }, 'missing field(s): ref.apiVersion, ref.name'],
  [{ uri: 'http://example.com', CACerts: 'none' }, 'invalid value: CA Cert provided is invalid: caCert'],
  [{ uri: 'http://example.com', CACerts: PEM }, ''],
  [
    { uri: 'http://example.com', CACerts: PEM.replace('MAMC', 'MAQC') },
    'invalid value: CA Cert provided is invalid: caCert',
  ],
  [
    { uri: 'http://example.com', CACerts: PEM.replaceAll('CERTIFICATE', 'PUBLIC KEY') },
    'invalid value: CA Cert provided is not a certificate: caCert',
  ],
])('the destination %j', (destination, text) => {
  expect(checkDestination(destination).text).toBe(text);
});

test('a reference is looked for where its referrer is', () => {
  const destination: Destination = { ref: { ...ref } };
  defaultDestination(destination, 'mine');
  expect(destination.ref?.namespace).toBe('mine');
  defaultDestination(destination, 'other');
  expect(destination.ref?.namespace).toBe('mine');
});

describe('references', () => {
  const grouped = { group: 'messaging.knative.dev', kind: 'Channel', name: 'c' };
  test('a group in place of a version, where that is allowed', () => {
    expect(checkReference(grouped).text).toBe('missing field(s): apiVersion\nmust not set the field(s): group');
    expect(checkReference(grouped, { isGroupAllowed: true }).text).toBe('');
    expect(checkReference({ kind: 'Channel', name: 'c' }, { isGroupAllowed: true }).text).toBe(
      'missing field(s): apiVersion, group',
    );
    expect(checkReference({ ...grouped, apiVersion: 'apps/v1' }, { isGroupAllowed: true }).text).toBe(
      'both apiVersion and group are specified and they refer to different API groups: apiVersion, group\nOnly one of them must be specified',
    );
  });

  test('out of the namespace', () => {
    expect(checkReference({ ...ref, namespace: 'other' }, { within: 'mine' }).text).toBe(
      'mismatched namespaces: namespace\nparent namespace: "mine" does not match ref: "other"',
    );
    expect(checkReference({ ...ref, namespace: 'other' }).text).toBe('');
  });
});

test.each([
  [{}, {}, ''],
  [{ retry: 0, backoffDelay: 'PT0S', backoffPolicy: 'linear', timeout: 'PT1S', format: 'json' }, {}, ''],
  [{ retry: -1 }, {}, 'invalid value: -1: retry'],
  [{ timeout: 'PT0.05S' }, {}, 'invalid value: PT0.05S: timeout'],
  [{ timeout: 'soon' }, {}, 'invalid value: soon: timeout'],
  [{ timeout: 'PT1S' }, { 'delivery-timeout': 'Disabled' }, 'must not set the field(s): timeout'],
  [{ backoffPolicy: 'cubic' }, {}, 'invalid value: cubic: backoffPolicy'],
  [{ backoffDelay: '1s' }, {}, 'invalid value: 1s: backoffDelay'],
  [{ retryAfterMax: 'PT1S' }, {}, 'must not set the field(s): retryAfterMax'],
  [{ retryAfterMax: 'PT1S' }, { 'delivery-retryafter': 'ENABLED' }, ''],
  [{ retryAfterMax: '-PT1S' }, { 'delivery-retryafter': 'enabled' }, 'invalid value: -PT1S: retryAfterMax'],
  [{ format: 'xml' }, {}, 'invalid value: xml: format'],
  [{ deadLetterSink: {} }, {}, 'expected at least one, got none: deadLetterSink.ref, deadLetterSink.uri'],
])('the delivery %j with features %j', (delivery, features, text) => {
  expect(checkDelivery(delivery, eventingFeaturesConfig.parse(features as Record<string, string>)).text).toBe(text);
});

test('what is set on events has plain names', () => {
  expect(checkCeOverrides({ extensions: { fine1: 'x', 'not-fine': 'y' } }).text).toBe(
    'invalid key name "not-fine": ceOverrides.extensions\nkeys are expected to be alphanumeric',
  );
});
