// The function of the real cycles: a program of its own that answers, takes uploads slowly, and speaks over an upgraded connection.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PROGRAM = `
const { createServer } = require('node:http');
const born = process.pid;
const server = createServer((request, response) => {
  let length = 0;
  request.on('data', (chunk) => (length += chunk.length));
  request.on('end', () => response.end(JSON.stringify({ pid: born, length })));
});
server.on('upgrade', (_, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n');
  socket.on('data', (chunk) => socket.write(chunk));
  socket.on('end', () => socket.end());
});
server.listen(Number(process.env.PORT));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

/** Writes the function into a new folder below `parent` and gives its path. */
export function writeFunction(parent: string): string {
  const folder = join(parent, 'function');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"scripts":{"start":"node server.cjs"}}');
  writeFileSync(join(folder, 'server.cjs'), PROGRAM);
  return folder;
}
