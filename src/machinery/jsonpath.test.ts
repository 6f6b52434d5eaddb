import { assert, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { JsonPathError, compileJsonPath } from './jsonpath.ts';

const ROOT = {
  spec: { size: 3, words: ['a', 'b', 'c', 'd'], 'odd.key': 1 },
  metadata: { labels: { 'app.kubernetes.io/name': 'x' } },
  status: {
    conditions: [
      { type: 'Ready', status: 'True', n: 1 },
      { type: 'Other', status: 'False', n: 2, extra: { type: 'deep' } },
    ],
  },
};

test.each<[string, unknown[]]>([
  ['.spec.size', [3]],
  ['{.spec.size}', [3]],
  ['$.spec.size', [3]],
  ['spec.size', [3]],
  ['.spec.none', []],
  ['.spec.size.more', []],
  ['.spec.constructor', []],
  ["['spec']['size']", [3]],
  ['.spec["odd.key"]', [1]],
  ['.spec.odd\\.key', [1]],
  ['.metadata.labels.app\\.kubernetes\\.io/name', ['x']],
  ["{.metadata.labels['app\\.kubernetes\\.io/name']}", ['x']],
  ['.spec.words[0]', ['a']],
  ['.spec.words[-1]', ['d']],
  ['.spec.words[-1:]', ['d']],
  ['.spec.words[1:3]', ['b', 'c']],
  ['.spec.words[::2]', ['a', 'c']],
  ['.spec.words[0,2]', ['a', 'c']],
  ['.spec.words[9]', []],
  ['.spec.words[*]', ['a', 'b', 'c', 'd']],
  ['.status.conditions[*].type', ['Ready', 'Other']],
  ['.status.conditions[?(@.type=="Ready")].status', ['True']],
  [`.status.conditions[?(@.type == 'Other')].status`, ['False']],
  ['.status.conditions[?(@.type!="Ready")].n', [2]],
  ['.status.conditions[?(@.n>=2)].type', ['Other']],
  ['.status.conditions[?(@.n<2)].type', ['Ready']],
  ['.status.conditions[?(@.extra)].type', ['Other']],
  ['.status..type', ['Ready', 'Other', 'deep']],
  ["['metadata','spec']['size','labels']", [{ 'app.kubernetes.io/name': 'x' }, 3]],
])('the path %s leads to %j', (path, values) => {
  expect(compileJsonPath(path)(ROOT)).toEqual(values);
});

test.each(['.a[', '.a[x]', '.a[?(@.b==c)]', '.a[]', '.a["b]'])('%s is no path', (path) => {
  expect(() => compileJsonPath(path)).toThrow(JsonPathError);
});

test('any text is a path or is refused as none', () => {
  assert(
    property(string(), (text) => {
      try {
        compileJsonPath(text)(ROOT);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(JsonPathError);
      }
    }),
  );
});
