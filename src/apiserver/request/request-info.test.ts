import { describe, expect, test } from 'vitest';
import { pathSegmentFault, requestInfo } from './request-info.ts';

const NONE = { group: '', version: '', namespace: '', resource: '', subresource: '', name: '' };

describe('resources', () => {
  test.each([
    ['GET', '/api/v1/pods', '', { verb: 'list', version: 'v1', resource: 'pods' }],
    ['GET', '/api/v1/pods/', '', { verb: 'list', version: 'v1', resource: 'pods' }],
    ['GET', '/api/v1/pods', 'watch=true', { verb: 'watch', version: 'v1', resource: 'pods' }],
    ['GET', '/api/v1/pods', 'watch', { verb: 'watch', version: 'v1', resource: 'pods' }],
    ['GET', '/api/v1/pods', 'watch=0', { verb: 'list', version: 'v1', resource: 'pods' }],
    [
      'HEAD',
      '/api/v1/namespaces/a/pods/b',
      '',
      { verb: 'get', version: 'v1', namespace: 'a', resource: 'pods', name: 'b' },
    ],
    [
      'GET',
      '/api/v1/namespaces/a/pods/b',
      'watch=1',
      { verb: 'get', version: 'v1', namespace: 'a', resource: 'pods', name: 'b' },
    ],
    [
      'GET',
      '/api/v1/namespaces/a/pods/b/log',
      '',
      { verb: 'get', version: 'v1', namespace: 'a', resource: 'pods', name: 'b', subresource: 'log' },
    ],
    [
      'DELETE',
      '/api/v1/namespaces/a/pods',
      '',
      { verb: 'deletecollection', version: 'v1', namespace: 'a', resource: 'pods' },
    ],
    [
      'DELETE',
      '/api/v1/namespaces/a',
      '',
      { verb: 'delete', version: 'v1', namespace: 'a', resource: 'namespaces', name: 'a' },
    ],
    [
      'PUT',
      '/api/v1/namespaces/a/status',
      '',
      { verb: 'update', version: 'v1', namespace: 'a', resource: 'namespaces', name: 'a', subresource: 'status' },
    ],
    [
      'PUT',
      '/api/v1/namespaces/a/finalize',
      '',
      { verb: 'update', version: 'v1', namespace: 'a', resource: 'namespaces', name: 'a', subresource: 'finalize' },
    ],
    ['GET', '/api/v1/namespaces', '', { verb: 'list', version: 'v1', resource: 'namespaces' }],
    [
      'POST',
      '/apis/apps/v1/namespaces/a/deployments',
      '',
      { verb: 'create', group: 'apps', version: 'v1', namespace: 'a', resource: 'deployments' },
    ],
    [
      'PATCH',
      '/apis/g/v1/things/x/scale',
      '',
      { verb: 'patch', group: 'g', version: 'v1', resource: 'things', name: 'x', subresource: 'scale' },
    ],
    [
      'GET',
      '/api/v1/namespaces/a/pods/%2e%2e',
      '',
      { verb: 'get', version: 'v1', namespace: 'a', resource: 'pods', name: '..' },
    ],
  ])('%s %s?%s', (method, path, query, expected) => {
    expect(requestInfo(method, path, new URLSearchParams(query))).toMatchObject({
      ...NONE,
      ...expected,
      isResource: true,
    });
  });
});

describe('what is no resource', () => {
  test.each(['/', '/api', '/api/v1', '/apis', '/apis/apps', '/apis/apps/v1', '/healthz', '/api/v1//pods', '/version'])(
    '%s',
    (path) => {
      expect(requestInfo('GET', path, new URLSearchParams())).toMatchObject({
        ...NONE,
        isResource: false,
        verb: 'get',
      });
    },
  );

  test('an escape that is none is refused', () => {
    expect(() => requestInfo('GET', '/api/v1/pods/%zz', new URLSearchParams())).toThrow(
      'invalid URL escape in path segment "%zz"',
    );
  });
});

test.each([
  ['a', undefined],
  ['..', "may not be '..'"],
  ['a/b', "may not contain '/'"],
  ['100%', "may not contain '%'"],
])('the name %s in a path: %s', (name, fault) => {
  expect(pathSegmentFault(name)).toBe(fault);
});
