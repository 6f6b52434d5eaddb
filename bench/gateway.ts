// CPU per warm request and added latency of the gateway, interleaved with nginx and Envoy in front of the same upstream.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchPlatform } from './ebb.ts';
import { deploy, startEbb } from './ebb.ts';
import type { Latencies } from './load.ts';
import { flood, steady } from './load.ts';
import type { Proxy } from './peers.ts';
import { BODY, envoyCommand, startEnvoy, startNginx, startUpstream } from './peers.ts';
import { cpuSeconds, freePort, median, PROXY_CORE } from './processes.ts';
import type { Section, SectionResult } from './section.ts';
import { ms, times } from './section.ts';

const WARM_UP_SECONDS = 2;
const FLOOD_SECONDS = 4;
const RATE = 1000;
const STEADY_SECONDS = 5;

interface GatewayRound {
  readonly proxy: string;
  readonly round: number;
  readonly cpuMicroseconds: number;
  readonly requestsPerSecond: number;
  readonly errors: number;
  readonly latency: Latencies;
}

export const gateway: Section = {
  name: 'gateway',
  needs: ['nginx', 'wrk', 'taskset'],
  async run({ rounds = 5, quick, say, engine }) {
    const results = await measureAll(quick ? 1 : rounds, quick, say, engine);
    return figures(results);
  },
};

/** Interleaved rounds over all proxies. */
async function measureAll(
  rounds: number,
  quick: boolean,
  say: (text: string) => void,
  engine: string | undefined,
): Promise<GatewayRound[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ebb-bench-'));
  const undo: (() => Promise<void>)[] = [];
  try {
    const upstream = await startUpstream(folder, await freePort());
    undo.push(() => upstream.stop());
    const ebb = await startEbb({
      core: PROXY_CORE,
      launcher: 'process',
      flags: engine ? ['--gateway-engine', engine] : [],
    });
    undo.push(() => ebb.platform.discard());
    const proxies = [await startNginx(folder, await freePort(), [upstream.port])];
    if (envoyCommand()) proxies.push(await startEnvoy(folder, await freePort(), upstream.port));
    for (const proxy of proxies) undo.push(() => proxy.stop());
    proxies.push(await asFunction(ebb, folder));
    const results: GatewayRound[] = [];
    for (let round = 1; round <= rounds; round++)
      for (const proxy of proxies) results.push(await measure(proxy, round, quick, say));
    return results;
  } finally {
    for (const step of undo.toReversed()) await step();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same upstream as a function of the platform: nginx with the fixed reply, kept at one instance. */
async function asFunction(ebb: BenchPlatform, folder: string): Promise<Proxy> {
  const source = join(folder, 'function');
  const config = `daemon off; master_process off; worker_processes 1; error_log /dev/null; pid /tmp/nginx-PORT.pid; events { worker_connections 4096; } http { access_log off; client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f; uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s; keepalive_requests 100000000; keepalive_timeout 3600s; server { listen PORT backlog=4096; location / { return 200 "${BODY}"; } } }`;
  mkdirSync(source);
  writeFileSync(join(source, 'nginx.conf.in'), config);
  writeFileSync(
    join(source, 'Procfile'),
    'web: sed "s/PORT/$PORT/g" nginx.conf.in > /tmp/nginx-$PORT.conf; exec taskset -c 1 nginx -c /tmp/nginx-$PORT.conf\n',
  );
  const host = await deploy(ebb, source, 'fixed', ['--scale', '1..1']);
  return {
    name: 'ebb',
    port: ebb.gatewayPort,
    host,
    pids: ebb.pids(),
    stop: async () => {},
  };
}

async function measure(
  proxy: Proxy,
  round: number,
  quick: boolean,
  say: (text: string) => void,
): Promise<GatewayRound> {
  await flood(proxy.port, proxy.host, quick ? 1 : WARM_UP_SECONDS);
  const before = cpuOf(proxy);
  const { requests, seconds, errors } = await flood(proxy.port, proxy.host, quick ? 1 : FLOOD_SECONDS);
  const cpuMicroseconds = ((cpuOf(proxy) - before) * 1e6) / requests;
  const latency = await steady(proxy.port, proxy.host, RATE, quick ? 1 : STEADY_SECONDS);
  say(
    `round ${round} ${proxy.name.padEnd(6)} ${cpuMicroseconds.toFixed(1)} µs/request, ${Math.round(requests / seconds)} requests/s, p99 at ${RATE}/s ${latency.p99.toFixed(2)} ms, errors ${errors + latency.errors}`,
  );
  return {
    proxy: proxy.name,
    round,
    cpuMicroseconds,
    requestsPerSecond: requests / seconds,
    errors: errors + latency.errors,
    latency,
  };
}

/** The platform's own processes alone; the function below them is not the proxy's work. */
function cpuOf(proxy: Proxy): number {
  return cpuSeconds(proxy.pids, false);
}

/** What Ebb's CPU for a request may be, as a multiple of a peer's. */
const RATIO_GOALS: Readonly<Record<string, number>> = { nginx: 2.3, envoy: 0.6 };
const P99_GOAL_MS = 2;

function ratioGoal(peer: string, ratio: number): { goal?: string; met?: boolean } {
  const goal = RATIO_GOALS[peer];
  return goal === undefined ? {} : { goal: `at most ${goal} ×`, met: ratio <= goal };
}

function figures(rounds: readonly GatewayRound[]): SectionResult {
  const of = (proxy: string) => rounds.filter((round) => round.proxy === proxy);
  const proxies = [...new Set(rounds.map(({ proxy }) => proxy))];
  const cpu = new Map(proxies.map((proxy) => [proxy, median(of(proxy).map(({ cpuMicroseconds }) => cpuMicroseconds))]));
  const over = (peer: string) => (cpu.get('ebb') ?? NaN) / (cpu.get(peer) ?? NaN);
  const p99AboveNginxMs = median(
    of('ebb').map(
      ({ round, latency }) => latency.p99 - (of('nginx').find((other) => other.round === round)?.latency.p99 ?? NaN),
    ),
  );
  const errors = rounds.reduce((sum, round) => sum + round.errors, 0);
  return {
    rows: [
      ...proxies.map((proxy) => ({
        what: `CPU per request, ${proxy} (median)`,
        value: `${(cpu.get(proxy) ?? NaN).toFixed(1)} µs`,
      })),
      ...proxies
        .filter((proxy) => proxy !== 'ebb')
        .map((peer) => ({
          what: `CPU per request, ebb over ${peer}`,
          value: times(over(peer)),
          ...ratioGoal(peer, over(peer)),
        })),
      {
        what: `p99 at ${RATE} requests/s above nginx’s (median)`,
        value: ms(p99AboveNginxMs),
        goal: `at most ${P99_GOAL_MS} ms`,
        met: p99AboveNginxMs <= P99_GOAL_MS,
      },
      { what: 'requests that failed', value: String(errors), goal: 'none', met: errors === 0 },
    ],
    data: { cpuMicrosecondsPerRequest: Object.fromEntries(cpu), p99AboveNginxMs, errors, rounds },
  };
}
