// h2spec against the gateway and, in the same run, against a bare node:http2 server: what only the gateway fails is a failure; what
// both fail is told apart in the result.

import { execFile } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp1 } from 'node:http';
import type { Http2SecureServer, Http2Server, Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { createSecureServer, createServer } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '#base/mod.ts';
import { engineTransport } from '#gateway/mod.ts';
import { keepKeys } from '#pki/mod.ts';
import { gatewayHere, ingressTo, targetOf } from '../../src/gateway/gateway.fixture.ts';
import type { Verdict } from './h2spec-report.ts';
import { compared, verdictsOf } from './h2spec-report.ts';
import type { Outcome } from './outcomes.ts';
import type { LoneStage } from './stage.ts';
import { tool } from './tools.ts';

const HOST = 'localhost';
const DOORS = ['h2c', 'tls'] as const;
type Door = (typeof DOORS)[number];

export const H2SPEC: LoneStage = {
  prepare: async () => void (await tool('h2spec')),
  async runAlone(log, only = '') {
    writeFileSync(log, '');
    const folder = mkdtempSync(join(tmpdir(), 'ebb-h2spec-'));
    try {
      return await judgeAll(folder, log, new RegExp(only));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

interface Ports {
  readonly h2c: number;
  readonly tls: number;
  close(): Promise<void>;
}

interface Keys {
  readonly key: string;
  readonly cert: string;
}

async function judgeAll(folder: string, log: string, only: RegExp): Promise<Outcome[]> {
  const { server } = await keepKeys(folder, [HOST, '127.0.0.1'], systemClock);
  const keys = { key: server.keyPem, cert: server.certPem };
  const bare = await bareServers(keys);
  const gateway = await gatewayPorts(keys);
  try {
    const outcomes: Outcome[] = [];
    for (const door of DOORS) {
      const theirs = await judge(folder, log, door, bare[door]);
      const ours = await judge(folder, log, door, gateway[door]);
      outcomes.push(...compared(door, ours, theirs));
    }
    return outcomes.filter(({ test }) => only.test(test));
  } finally {
    await bare.close();
    await gateway.close();
  }
}

async function judge(folder: string, log: string, door: Door, port: number): Promise<Verdict[]> {
  const report = join(folder, 'report.xml');
  const args = ['--strict', '-h', HOST, '-p', String(port), '-j', report, ...(door === 'tls' ? ['-t', '-k'] : [])];
  const run = promisify(execFile)(await tool('h2spec'), args, { timeout: 120_000, maxBuffer: 2 ** 24 });
  // It ends with 1 where a test fails; the report tells which.
  const { stdout } = await run.catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }));
  appendFileSync(log, `${door} at port ${port}\n${stdout}\n`);
  return verdictsOf(readFileSync(report, 'latin1'));
}

async function bareServers(keys: Keys): Promise<Ports> {
  const answer = (request: Http2ServerRequest, response: Http2ServerResponse) => {
    request.resume();
    response.end('ok');
  };
  const plain = createServer(answer);
  const secure = createSecureServer(keys, answer);
  for (const server of [plain, secure]) server.on('sessionError', () => {});
  return {
    h2c: await listen(plain),
    tls: await listen(secure),
    close: async () => closeAll([plain, secure]),
  };
}

async function gatewayPorts({ key, cert }: Keys): Promise<Ports> {
  const app = createHttp1((request, response) => {
    request.resume();
    response.end('ok');
  });
  const port = await listen(app);
  const gateway = await gatewayHere({ ports: { http: 0, https: 0 }, transport: engineTransport(systemClock) });
  const endpoint = { id: 'app', host: '127.0.0.1', port, state: 'ready' } as const;
  await gateway.control.setTarget('t', targetOf([endpoint], { timeoutMs: 10_000 }));
  await gateway.control.setIngress('i', {
    ...ingressTo(HOST, 't'),
    tls: [{ hosts: [HOST], certPem: cert, keyPem: key }],
  });
  return {
    h2c: gateway.address.http.port,
    tls: gateway.address.https?.port ?? 0,
    async close() {
      await gateway.close(0);
      await closeAll([app]);
    },
  };
}

async function listen(server: Server | Http2Server | Http2SecureServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Connections that h2spec left open end with this process. */
async function closeAll(servers: readonly Server[]): Promise<void> {
  for (const server of servers) server.close();
  await Promise.resolve();
}
