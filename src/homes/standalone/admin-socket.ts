// What only the owner of the data folder may ask of a running platform, over a socket inside that folder.

import { chmod, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { messageOf } from '#base/mod.ts';

const socketPath = (dataDir: string) => join(dataDir, 'run', 'admin.sock');

/** Answers what is asked under a name, such as `backup`; what it gives goes back as JSON. */
export type AdminTasks = Readonly<Record<string, (query: URLSearchParams) => Promise<unknown>>>;

export async function serveAdmin(dataDir: string, tasks: AdminTasks): Promise<{ close(): void }> {
  const path = socketPath(dataDir);
  await rm(path, { force: true });
  const server = createServer((asked, response) => {
    const url = new URL(asked.url ?? '/', 'http://admin');
    const name = url.pathname.slice(1);
    const task = asked.method === 'POST' && Object.hasOwn(tasks, name) ? tasks[name] : undefined;
    if (!task) {
      return void response.writeHead(404).end(`the platform knows POST of ${Object.keys(tasks).join(', ')} only`);
    }
    task(url.searchParams).then(
      (answer) => response.writeHead(200).end(JSON.stringify(answer ?? null)),
      (error: unknown) => response.writeHead(500).end(messageOf(error)),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return {
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** No platform answers on this folder. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** Asks the platform of a data folder. Rejects with what it says where it cannot, with NoAnswer where there is none. */
export async function askAdmin(dataDir: string, task: string, query: Record<string, string> = {}): Promise<unknown> {
  const path = `/${task}?${new URLSearchParams(query).toString()}`;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request({ socketPath: socketPath(dataDir), path, method: 'POST' }, resolve);
    asked.once('error', (error) =>
      reject(new NoAnswer(`the platform of ${dataDir} does not answer: ${error.message}`, { cause: error })),
    );
    asked.end();
  });
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  if (response.statusCode !== 200) throw new Error(text);
  return JSON.parse(text) as unknown;
}
