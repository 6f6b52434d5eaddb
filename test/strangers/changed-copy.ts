// A Go module with some of its text changed, as a folder that another module may be built with: what lies in Go's own cache is for all.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Text of one file, each beside what stands for it in the copy. */
export interface Changes {
  readonly file: string;
  readonly texts: readonly (readonly [published: string, ours: string])[];
}

/** What the folder of such a copy is called: with other changes it is another. */
export function nameOfCopy(name: string, version: string, changes: Changes): string {
  const mark = createHash('sha256').update(JSON.stringify(changes)).digest('hex').slice(0, 12);
  return `${name}-${version}-${mark}`;
}

/** Copies a module unless it is there. Throws where it does not have the text that is to change. */
export function copyChanged(from: string, to: string, { file, texts }: Changes): void {
  if (existsSync(to)) return;
  const text = changed(readFileSync(join(from, file), 'utf8'), file, texts);
  // Several checkouts may share a cache: nobody may meet half a module.
  const unfinished = `${to}.${process.pid}`;
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const copy = join(unfinished, source.slice(from.length));
    mkdirSync(dirname(copy), { recursive: true });
    writeFileSync(copy, source === join(from, file) ? text : readFileSync(source));
  }
  renameSync(unfinished, to);
}

function changed(text: string, file: string, texts: Changes['texts']): string {
  return texts.reduce((now, [published, ours]) => {
    if (!now.includes(published)) throw new Error(`${file} no longer has the text ${published}`);
    return now.replace(published, () => ours);
  }, text);
}
