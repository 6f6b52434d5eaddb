// What is written from the pages of the kinds is up to date.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { crdFiles } from '../../tasks/generate/crds.ts';
import { referenceFiles } from '../../tasks/generate/reference.ts';

const root = join(import.meta.dirname, '../..');

describe.each([
  ['config/crds', crdFiles()],
  ['docs/reference', referenceFiles()],
] as const)('%s', (folder, files) => {
  test.each(files)('%s is what the kinds say (else: npm run generate)', (path, text) => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(text);
  });

  test('holds nothing else', () => {
    expect(readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)).toEqual(files.map(([path]) => path));
  });
});
