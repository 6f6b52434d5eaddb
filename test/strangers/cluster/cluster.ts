// Kubernetes' own API server over etcd, on loopback: no nodes, no controllers.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HttpClientOptions } from '#objects/mod.ts';
import { httpClient } from '#objects/mod.ts';
import { until } from '../../harness/platform.ts';

export interface Cluster {
  /** How to speak to it as somebody who may do anything. */
  readonly access: HttpClientOptions;
  readonly etcd: string;
  output(): string;
  stop(): Promise<void>;
}

/** The programs it is made of. */
export interface ClusterPrograms {
  readonly etcd: string;
  readonly apiServer: string;
}

const TOKEN = 'masters-token';
const READY_MS = 120_000;

/** Starts both and waits until the API says that it is ready. */
export async function startCluster(programs: ClusterPrograms): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'ebb-cluster-'));
  const [client = 0, peer = 0, api = 0] = await freePorts(3);
  const etcdUrl = `http://127.0.0.1:${client}`;
  const printed: string[] = [];
  const etcd = start(programs.etcd, etcdArgs(folder, etcdUrl, `http://127.0.0.1:${peer}`), printed);
  const server = start(programs.apiServer, apiServerArgs(folder, etcdUrl, api), printed);
  const stop = async () => {
    // A server whose etcd is gone takes long to end.
    for (const child of [server, etcd]) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const access = () => accessOf(folder, api);
    await until(
      () => isReady(access),
      READY_MS,
      () => `the cluster was not ready in time:\n${printed.join('').slice(-5000)}`,
      () => etcd.exitCode !== null || server.exitCode !== null,
    );
    return { access: access(), etcd: etcdUrl, output: () => printed.join(''), stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

function start(command: string, args: readonly string[], printed: string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => printed.push(String(chunk)));
  return child;
}

function etcdArgs(folder: string, client: string, peer: string): string[] {
  return [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync',
    '--log-level=error',
  ];
}

/** Objects are stored as JSON, so that tests can put some in by hand; accounts of Pods need a controller, which there is none of. */
function apiServerArgs(folder: string, etcd: string, port: number): string[] {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  return [
    `--etcd-servers=${etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${join(folder, 'certs')}`,
    `--token-auth-file=${file('tokens.csv', `${TOKEN},master,master,system:masters\n`)}`,
    `--service-account-key-file=${file('sa.pub', publicKey)}`,
    `--service-account-signing-key-file=${file('sa.key', privateKey)}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    '--service-cluster-ip-range=10.0.0.0/16',
    '--authorization-mode=RBAC',
    '--disable-admission-plugins=ServiceAccount',
    '--storage-media-type=application/json',
    '--enable-priority-and-fairness=false',
  ];
}

function accessOf(folder: string, port: number): HttpClientOptions {
  return {
    server: `https://127.0.0.1:${port}`,
    ca: readFileSync(join(folder, 'certs/apiserver.crt'), 'utf8'),
    token: TOKEN,
  };
}

async function isReady(access: () => HttpClientOptions): Promise<boolean> {
  try {
    const client = httpClient(access());
    await client.raw('GET', '/api/v1/namespaces/default').finally(() => client.close());
    return true;
  } catch {
    return false;
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
