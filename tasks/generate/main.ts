// npm run generate [-- crds | reference]: writes what follows from the pages of the kinds, so that it can be read and applied
// elsewhere. A test holds the written files against the pages.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crdFiles } from './crds.ts';
import { referenceFiles } from './reference.ts';

const root = join(import.meta.dirname, '../..');
const PARTS = {
  crds: { folder: 'config/crds', files: crdFiles },
  reference: { folder: 'docs/reference', files: referenceFiles },
} as const;

const asked = process.argv.slice(2);
const unknown = asked.find((part) => !(part in PARTS));
if (unknown) {
  console.error(`what to generate must be one of ${Object.keys(PARTS).join(', ')}, but is ${unknown}`);
  process.exit(2);
}
for (const [part, { folder, files }] of Object.entries(PARTS)) {
  if (asked.length > 0 && !asked.includes(part)) continue;
  rmSync(join(root, folder), { recursive: true, force: true });
  for (const [path, text] of files()) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    console.log(path);
  }
}
