import { assert, constantFrom, dictionary, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { ApiError } from './api-error.ts';
import { parseFieldSelector } from './field-selector.ts';
import type { LabelSelectorObject } from './label-selector.ts';
import { labelSelectorText, matchesLabelSelector, parseLabelSelector } from './label-selector.ts';

const LABELS = { app: 'web', tier: 'front', size: '3', empty: '' };

test.each([
  ['', true],
  ['  ', true],
  ['app = web', true],
  ['app==web , tier!=back', true],
  ['other!=x', true],
  ['app!=web', false],
  ['app in (web, api)', true],
  ['app in (api)', false],
  ['app notin (api,db)', true],
  ['app notin (web)', false],
  ['other notin (x)', true],
  ['app', true],
  ['other', false],
  ['!other', true],
  ['! app', false],
  ['empty=', true],
  ['empty in ()', true],
  ['app=,tier=front', false],
  ['size>2', true],
  ['size gt 2', undefined],
  ['size<3', false],
  ['in=x', false],
])('the label selector %j', (text, verdict) => {
  if (verdict === undefined) expect(() => parseLabelSelector(text)).toThrow(ApiError);
  else expect(parseLabelSelector(text).matches(LABELS)).toBe(verdict);
});

test.each([
  ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ['a=b c', "unable to parse requirement: found 'c', expected: ',' or 'end of string'"],
  ['a,', "unable to parse requirement: found '', expected: identifier after ,"],
  ['a in web', "unable to parse requirement: found 'web', expected: '('"],
  ['a in (b', "unable to parse requirement: found '', expected: ',', ')' or identifier"],
  ['=x', "unable to parse requirement: found '=', expected: !, identifier, or 'end of string'"],
  ['-a=b', 'unable to parse requirement: key: Invalid value: "-a": name part must consist of alphanumeric'],
  ['a=b_', 'unable to parse requirement: values[0][a]: Invalid value: "b_": a valid label must be an empty string'],
  ['a>b', `unable to parse requirement: values[0]: Invalid value: "b": for 'Gt', 'Lt' operators, the value must be`],
])('the label selector %j is refused', (text, message) => {
  expect(() => parseLabelSelector(text)).toThrow(message);
});

test.each<[LabelSelectorObject | undefined, boolean, string]>([
  [undefined, false, ''],
  [{}, true, ''],
  [{ matchLabels: { app: 'web' } }, true, 'app=web'],
  [{ matchLabels: { app: 'api' } }, false, 'app=api'],
  [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'api'] }] }, true, 'app in (api,web)'],
  [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] }, false, 'app notin (web)'],
  [{ matchExpressions: [{ key: 'app', operator: 'Exists' }] }, true, 'app'],
  [{ matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, false, '!app'],
  [{ matchExpressions: [{ key: 'app', operator: 'Like', values: ['w*'] }] }, false, 'app like (w*)'],
  [{ matchExpressions: [{ key: 'size', operator: 'Gt', values: ['2'] }] }, false, 'size gt (2)'],
  [{ matchExpressions: [{ key: 'app', operator: 'constructor', values: ['web'] }] }, false, 'app constructor (web)'],
  [{ matchLabels: { constructor: 'x' } }, false, 'constructor=x'],
])('the selector object %j', (selector, verdict, text) => {
  expect(matchesLabelSelector(selector, LABELS)).toBe(verdict);
  expect(labelSelectorText(selector)).toBe(text);
});

test('a selector object and its text agree', () => {
  const word = constantFrom('a', 'b', 'c');
  const labels = dictionary(word, word);
  assert(
    property(labels, labels, (matchLabels, present) => {
      const selector = { matchLabels };
      const parsed = parseLabelSelector(labelSelectorText(selector));
      expect(parsed.matches(present)).toBe(matchesLabelSelector(selector, present));
    }),
  );
});

test('any text is a selector or a refusal with 400', () => {
  assert(
    property(string({ unit: constantFrom(...'ab=!<>(),in \\.-/'.split('')) }), (text) => {
      for (const parse of [parseLabelSelector, parseFieldSelector]) {
        try {
          parse(text);
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 400 });
        }
      }
    }),
  );
});

const POD = { metadata: { name: 'a', namespace: 'd' }, spec: { nodeName: 'n,1', hostNetwork: true }, status: {} };
const KIND = { selectableFields: ['status.phase', 'spec.nodeName', 'spec.hostNetwork'] };

test.each([
  ['', true],
  ['metadata.name=a', true],
  ['metadata.name==a,metadata.namespace=d', true],
  ['metadata.name!=a', false],
  ['status.phase=', true],
  ['status.phase!=Running', true],
  ['spec.nodeName=n\\,1', true],
  ['spec.hostNetwork=true', true],
])('the field selector %j: %j', (text, verdict) => {
  expect(parseFieldSelector(text, KIND).matches(POD)).toBe(verdict);
});

test.each([
  ['spec.size=1', 'field label not supported: spec.size'],
  ['metadata.name', `invalid selector: 'metadata.name'; can't understand 'metadata.name'`],
  ['metadata.name=a=b', `invalid selector: 'metadata.name=a=b'; unescaped '=' in value 'a=b'`],
  ['metadata.name=a\\b', `invalid selector: 'metadata.name=a\\b'; invalid escape sequence: \\b`],
])('the field selector %j is refused', (text, message) => {
  expect(() => parseFieldSelector(text, KIND)).toThrow(message);
});

test('requirements of a field selector can be looked at', () => {
  expect(parseFieldSelector('metadata.name=a,status.phase!=x').requirements).toEqual([
    { field: 'metadata.name', operator: '=', value: 'a' },
    { field: 'status.phase', operator: '!=', value: 'x' },
  ]);
});
