// h2spec against the gateway and, in the same run, against a bare node:http2 server: what only the gateway fails is a failure.

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

/** One test of the report. */
interface Verdict {
  readonly test: string;
  readonly seconds: number;
  readonly outcome: Outcome['outcome'];
  readonly said: string;
}

/** A failure that the bare server shows as well is Node's; what is passed over is passed over by the suite. */
function compared(door: Door, ours: readonly Verdict[], theirs: readonly Verdict[]): Outcome[] {
  const bare = new Map(theirs.map((verdict) => [verdict.test, verdict.outcome]));
  return ours
    .filter(({ outcome }) => outcome !== 'skip')
    .map(({ test, seconds, outcome, said }) => {
      const isNodes = outcome === 'fail' && bare.get(test) === 'fail';
      return {
        test: `${door} ${test}`,
        outcome: isNodes ? 'pass' : outcome,
        seconds,
        said: isNodes ? `node:http2 by itself fails it as well: ${said}` : said,
      };
    });
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

const CASE = /<testcase package="([^"]*)" classname="([^"]*)" time="([^"]*)">([\s\S]*?)<\/testcase>/g;

function verdictsOf(xml: string): Verdict[] {
  const seen = new Map<string, number>();
  return [...xml.matchAll(CASE)].map(([, section = '', title = '', seconds = '0', inner = '']) => {
    const name = `${section}: ${title}`;
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return {
      test: times > 1 ? `${name} (${times})` : name,
      seconds: Number(seconds),
      outcome: /<(?:error|failure)/.test(inner) ? 'fail' : inner.includes('<skipped') ? 'skip' : 'pass',
      said: inner.replaceAll(/<[^>]*>/g, ' ').trim(),
    };
  });
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
