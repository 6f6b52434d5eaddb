import { expect, test } from 'vitest';
import { checkFilters } from './filter.ts';

const NAME_RULE = 'Attribute name must start with a letter and can only contain lowercase alphanumeric';

test.each([
  [undefined, ''],
  [[], ''],
  [[{}], ''],
  [[{ exact: { type: 'a', c1d2e3: 'b' } }, { cesql: 'type = 1' }], ''],
  [[{ not: {} }], ''],
  [[{ exact: {}, prefix: { type: 'a' } }], ''],
  [
    [{ exact: { type: 'a' }, suffix: { type: 'b' } }],
    'multiple dialects found, filters can have only one dialect set: ',
  ],
  [[{ not: {}, cesql: 'TRUE' }], 'multiple dialects found, filters can have only one dialect set: '],
  [[{ exact: { 's-x': 'a' } }], `invalid key name "s-x": [0].exact[s-x]\n${NAME_RULE}`],
  [
    [{ all: [{}, { any: [{ not: { prefix: { '1': '' } } }] }] }],
    `invalid key name "1": [0].all[1].any[0].not.prefix[1]\n${NAME_RULE}`,
  ],
  [[{ all: [{ exact: { a: 1 } }] }], 'invalid value: 1: [0].all[0].exact[a]\nexpected a string'],
  [[{ any: [{ exct: {} }] }], 'unknown field "exct": [0].any[0].exct'],
  [[{ any: {} }], 'invalid value: {}: [0].any\nexpected a list of filters'],
  [[{ all: ['x'] }], 'invalid value: "x": [0].all[0]\nexpected a filter'],
  [
    [{ any: [{ cesql: 'type =' }] }],
    'invalid value: type =: [0].any[0].cesql\nexpected an expression at character 7, but met the end',
  ],
])('the filters %j', (filters, text) => {
  expect(checkFilters(filters).text).toBe(text);
});
