import { describe, expect, test } from 'vitest';
import { bodyTypeOf, negotiate, patchFormOf } from './media.ts';

describe('the form of an answer', () => {
  test.each([
    [undefined, 'json', 'object'],
    ['*/*', 'json', 'object'],
    ['application/json', 'json', 'object'],
    ['application/json;stream=watch', 'json', 'object'],
    ['application/yaml', 'yaml', 'object'],
    ['application/vnd.kubernetes.protobuf, */*', 'json', 'object'],
    ['application/vnd.kubernetes.protobuf,application/json', 'json', 'object'],
    [
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json',
      'json',
      'table',
    ],
    ['application/json;as=Table;g=meta.k8s.io;v=v9,application/json', 'json', 'object'],
    ['application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json', 'json', 'metadata'],
    ['application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io,application/json', 'json', 'object'],
    ['application/json;q=0.5,application/yaml', 'yaml', 'object'],
    ['application/yaml;q=0,application/json', 'json', 'object'],
    ['text/html, application/xhtml+xml, */*;q=0.8', 'json', 'object'],
  ])('%s', (accept, syntax, as) => {
    expect(negotiate(accept, ['table', 'metadata'])).toMatchObject({ syntax, as });
  });

  test('one that nobody can give is refused', () => {
    expect(() => negotiate('text/html', [])).toThrow('only the following media types are accepted');
  });
});

test.each([
  [undefined, 'json'],
  ['application/json; charset=utf-8', 'json'],
  ['Application/YAML', 'yaml'],
  ['application/vnd.kubernetes.protobuf', 'protobuf'],
])('a body of type %s is %s', (type, form) => {
  expect(bodyTypeOf(type)).toBe(form);
});

test.each([
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
  ['application/strategic-merge-patch+json', 'strategic'],
  ['application/apply-patch+yaml', 'apply'],
])('a patch of type %s is %s', (type, form) => {
  expect(patchFormOf(type, true)).toBe(form);
});

test('custom resources have no strategic merge', () => {
  expect(() => patchFormOf('application/strategic-merge-patch+json', false)).toThrow(
    'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  );
});
