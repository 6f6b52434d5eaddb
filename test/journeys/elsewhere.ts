// Run in a network of its own by listen.test.ts: gives this machine another address, starts a platform for all, and tells as
// JSON what others get there.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as askPlain } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ebbCommand } from '../harness/platform.ts';

const ADDRESS = '10.9.9.9';
const ip = (words: string) => execFileSync('ip', words.split(' '));
for (const words of [
  'link set lo up',
  'link add v0 type veth peer name v1',
  `addr add ${ADDRESS}/24 dev v0`,
  'link set v0 up',
  'link set v1 up',
])
  ip(words);

const dataDir = mkdtempSync(join(tmpdir(), 'ebb-listen-'));
const ebb = (...words: string[]) =>
  execFileSync(ebbCommand, words, { env: { ...process.env, EBB_HOME: dataDir }, encoding: 'utf8' });

/** Its status, or `closed` where nobody listens. */
function ask(port: number, path: string, token?: string): Promise<number | string> {
  const authorization = token === undefined ? {} : { authorization: `Basic ${btoa(`ann:${token}`)}` };
  const bearer = port === 6443 && token !== undefined ? { authorization: `Bearer ${token}` } : authorization;
  const ca = readFileSync(join(dataDir, 'keys', 'ca.crt'));
  return new Promise((resolve) => {
    const options = { host: ADDRESS, port, path, headers: bearer };
    const asked = port === 8080 ? askPlain(options) : request({ ...options, ca });
    asked.once('response', ({ statusCode = 0 }) => resolve(statusCode));
    asked.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ECONNREFUSED' ? 'closed' : error.message),
    );
    asked.end();
  });
}

try {
  ebb('up', '--detach', '--no-example', '--listen', '0.0.0.0');
  const kubeconfig = ebb(
    'user',
    'add',
    'ann',
    '--role',
    'view',
    '--server',
    `https://${ADDRESS}:6443`,
    '--kubeconfig',
    '-',
  );
  const token = /token: (\S+)/.exec(kubeconfig)?.[1] ?? '';
  const services = '/apis/serving.knative.dev/v1/services';
  const found = {
    registry: [await ask(5050, '/v2/'), await ask(5050, '/v2/', 'wrong'), await ask(5050, '/v2/', token)],
    console: [await ask(9090, '/'), await ask(9090, '/', token)],
    api: [await ask(6443, services), await ask(6443, services, token)],
    plain: await ask(8080, '/'),
  };
  ebb('user', 'rm', 'ann');
  const removed = [await ask(5050, '/v2/', token), await ask(9090, '/', token), await ask(6443, services, token)];
  process.stdout.write(JSON.stringify({ ...found, removed }));
} finally {
  ebb('down');
  rmSync(dataDir, { recursive: true, force: true });
}
