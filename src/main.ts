// The program: the command line, or the process that serves requests. Each loads only what is its own.

import { fileURLToPath } from 'node:url';

// Under `node --watch-path` threads would report what they load to whoever listens to them.
delete process.env.WATCH_REPORT_DEPENDENCIES;

const words = process.argv.slice(2);
if (words[0] === 'data') {
  const { serve } = await import('./main/data.ts');
  await serve(words[2] ?? '{}');
} else {
  const { runCommand } = await import('./main/command-line.ts');
  await runCommand(fileURLToPath(import.meta.url), words);
}
