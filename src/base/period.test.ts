import { expect, test } from 'vitest';
import { parsePeriod, readPeriod } from './period.ts';

test.each([
  ['P0', 0],
  ['PT0S', 0],
  ['PT0.2S', 200],
  ['PT0.25S', 200],
  ['PT0,5S', 500],
  ['PT0.05S', 0],
  ['PT1.S', 1000],
  ['PT10M', 600_000],
  ['-PT2S', -2000],
  ['+PT2S', 2000],
  ['P1W', 604_800_000],
  ['P1DT12H', 129_600_000],
  ['P1Y', 31_556_952_000],
  ['P1M', 2_629_746_000],
  ['P1MT1M', 2_629_806_000],
])('%j is %j ms', (text, ms) => {
  expect(parsePeriod(text)).toBe(ms);
});

test.each([
  ['', 'cannot parse a blank string as a period'],
  ['-', 'cannot parse a blank string as a period'],
  ['1s', "1s: expected 'P' period mark at the start"],
  ['pt1s', "pt1s: expected 'P' period mark at the start"],
  ['P', "P: expected 'Y', 'M', 'W', 'D', 'H', 'M', or 'S' designator"],
  ['PT', "PT: expected 'Y', 'M', 'W', 'D', 'H', 'M', or 'S' designator"],
  ['-P0', '-P0: missing designator at the end'],
  ['PT1', 'PT1: missing designator at the end'],
  ['PTS', "PTS: expected a number but found 'S'"],
  ['PT.5S', "PT.5S: expected a number but found 'S'"],
  ['PT1s', "PT1s: expected a number not 's'"],
  ['P1S', "P1S: 'S' designator cannot occur here"],
  ['PT1D', "PT1D: 'D' designator cannot occur here"],
  ['PT1S2S', "PT1S2S: 'S' designator cannot occur more than once"],
  ['P1DTT1S', "P1DTT1S: 'T' designator cannot occur more than once"],
  ['PT1.5M1.5S', "PT1.5M1.5S: 'M' & 'S' only the last field can have a fraction"],
])('%j is no period', (text, fault) => {
  expect(readPeriod(text)).toEqual({ fault });
  expect(parsePeriod(text)).toBeUndefined();
});
