// Answers what an ACME server fetches to see that a name is ours: a small server on this machine, behind the gateway.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CHALLENGE_PREFIX } from './order.ts';

export interface ChallengeAnswers {
  /** Where the answers are given. */
  readonly host: string;
  readonly port: number;
  set(token: string, keyAuthorization: string): void;
  remove(token: string): void;
}

export interface ChallengeServer extends ChallengeAnswers {
  close(): Promise<void>;
}

/** Listens on this machine only: the gateway leads to it. */
export async function startChallengeServer(): Promise<ChallengeServer> {
  const answers = new Map<string, string>();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const answer = path.startsWith(CHALLENGE_PREFIX) ? answers.get(path.slice(CHALLENGE_PREFIX.length)) : undefined;
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/octet-stream' });
    response.end(answer ?? 'no such challenge\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  return {
    host: address,
    port,
    set: (token, keyAuthorization) => void answers.set(token, keyAuthorization),
    remove: (token) => void answers.delete(token),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
