// The lines that Knative's own performance tests draw, scaled to two cores, with nginx in front of the same handlers for a measure:
// handlers that take 100 ms at a steady rate, a load that rises from nothing, and a new revision under load.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigMap, Service } from '#kinds/mod.ts';
import type { BenchPlatform } from './ebb.ts';
import { startEbb } from './ebb.ts';
import { buildHandler, createReady, handlerSpec, NAMESPACE, scaled } from './handler.ts';
import type { Pace, Paced } from './open-loop.ts';
import { playPlan } from './open-loop.ts';
import { startNginx } from './peers.ts';
import { end, freePort, listening, LOAD_CORE, median, PROXY_CORE, startOn } from './processes.ts';
import type { Section, SectionResult } from './section.ts';
import { ms } from './section.ts';

const PATH = '/?sleep=100';
const GOALS = { aboveNginxMs: 10, sent: 0.999 };
const QUICK_SECONDS = 5;

interface Scenario {
  readonly name: string;
  readonly plan: readonly Pace[];
  /** What the Service is scaled by. */
  readonly scaling: Readonly<Record<string, string>>;
  readonly containerConcurrency?: number;
  /** Handlers that nginx has behind it. */
  readonly peers: number;
  /** Whether a new revision comes at a third of the time. */
  readonly rollout?: true;
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'data plane',
    plan: [{ rate: 500, seconds: 60 }],
    scaling: { 'min-scale': '5', 'max-scale': '5' },
    peers: 5,
  },
  {
    name: 'load from zero',
    plan: [500, 1000, 1500].map((rate) => ({ rate, seconds: 60 })),
    scaling: { 'initial-scale': '0' },
    peers: 3,
  },
  {
    name: 'rollout',
    plan: [{ rate: 500, seconds: 60 }],
    scaling: { 'min-scale': '5', 'max-scale': '10' },
    containerConcurrency: 30,
    peers: 5,
    rollout: true,
  },
];

interface Compared {
  readonly scenario: string;
  readonly round: number;
  readonly nginx: Paced;
  readonly ebb: Paced;
}

export const passLines: Section = {
  name: 'pass-lines',
  needs: ['nginx', 'go', 'taskset'],
  async run({ rounds = 1, quick, say }) {
    const folder = mkdtempSync(join(tmpdir(), 'ebb-bench-'));
    const undo: (() => Promise<void>)[] = [];
    try {
      const binary = buildHandler(folder);
      const ebb = await startEbb({ core: PROXY_CORE, launcher: 'process' });
      undo.push(() => ebb.platform.discard());
      await ebb.client.patch(ConfigMap, 'knative-serving', 'config-autoscaler', 'merge', {
        data: { 'allow-zero-initial-scale': 'true' },
      });
      const spec = await handlerSpec(ebb, folder, binary, LOAD_CORE);
      const results: Compared[] = [];
      for (let round = 1; round <= rounds; round++)
        for (const scenario of SCENARIOS) {
          const plan = quick ? scenario.plan.map((pace) => ({ ...pace, seconds: QUICK_SECONDS })) : scenario.plan;
          const nginx = await throughNginx(folder, binary, scenario, plan);
          const own = await throughEbb(ebb, spec, scenario, plan, round);
          results.push({ scenario: scenario.name, round, nginx, ebb: own });
          say(`round ${round} ${scenario.name}: nginx ${told(nginx)}; ebb ${told(own)}`);
        }
      return figures(results);
    } finally {
      for (const step of undo.toReversed()) await step();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const told = ({ p95, max, errors, sent, planned }: Paced): string =>
  `p95 ${ms(p95)}, longest ${ms(max)}, ${errors} errors, ${sent} of ${planned} sent`;

async function throughNginx(
  folder: string,
  binary: string,
  { peers }: Scenario,
  plan: readonly Pace[],
): Promise<Paced> {
  const ports = await Promise.all(Array.from({ length: peers }, freePort));
  const handlers = ports.map((port) => startOn(LOAD_CORE, binary, [], { env: { ...process.env, PORT: String(port) } }));
  try {
    await Promise.all(ports.map((port) => listening(port)));
    const proxy = await startNginx(folder, await freePort(), ports);
    try {
      return await playPlan({ port: proxy.port, host: proxy.host, path: PATH }, plan);
    } finally {
      await proxy.stop();
    }
  } finally {
    await Promise.all(handlers.map(end));
  }
}

async function throughEbb(
  ebb: BenchPlatform,
  spec: Service['spec'],
  { name, scaling, containerConcurrency, rollout }: Scenario,
  plan: readonly Pace[],
  round: number,
): Promise<Paced> {
  const service = `${name.replaceAll(' ', '-')}-${round}`;
  const host = await createReady(ebb, service, scaled(spec, scaling, containerConcurrency));
  try {
    const playing = playPlan({ port: ebb.gatewayPort, host, path: PATH }, plan);
    const seconds = plan.reduce((sum, pace) => sum + pace.seconds, 0);
    if (rollout) await newRevision(ebb, service, (seconds * 1000) / 3);
    return await playing;
  } finally {
    await ebb.client.delete(Service, NAMESPACE, service);
  }
}

/** After a while, a revision that differs in a variable of its environment. */
async function newRevision({ client }: BenchPlatform, name: string, afterMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  const service = await client.get(Service, NAMESPACE, name);
  if (!service) throw new Error(`the Service ${name} is gone`);
  const { template } = service.spec;
  const containers = (template.spec.containers ?? []).map((container) => ({
    ...container,
    env: [...(container.env ?? []), { name: 'TURN', value: 'second' }],
  }));
  await client.update(Service, {
    ...service,
    spec: { ...service.spec, template: { ...template, spec: { ...template.spec, containers } } },
  });
}

function figures(results: readonly Compared[]): SectionResult {
  return {
    rows: SCENARIOS.flatMap(({ name }) =>
      rowsOf(
        name,
        results.filter(({ scenario }) => scenario === name),
      ),
    ),
    data: { rounds: results },
  };
}

function rowsOf(name: string, rounds: readonly Compared[]) {
  const above = median(rounds.map(({ nginx, ebb }) => ebb.p95 - nginx.p95));
  const errors = rounds.reduce((sum, { ebb }) => sum + ebb.errors, 0);
  const sent = Math.min(...rounds.map(({ ebb }) => ebb.sent / ebb.planned));
  return [
    { what: `${name}: p95, nginx`, value: ms(median(rounds.map(({ nginx }) => nginx.p95))) },
    { what: `${name}: p95, ebb`, value: ms(median(rounds.map(({ ebb }) => ebb.p95))) },
    {
      what: `${name}: p95 above nginx’s`,
      value: ms(above),
      goal: `at most ${GOALS.aboveNginxMs} ms`,
      met: above <= GOALS.aboveNginxMs,
    },
    { what: `${name}: longest, ebb`, value: ms(Math.max(...rounds.map(({ ebb }) => ebb.max))) },
    { what: `${name}: errors`, value: String(errors), goal: 'none', met: errors === 0 },
    {
      what: `${name}: sent of what was planned`,
      value: `${(sent * 100).toFixed(2)} %`,
      goal: `at least ${GOALS.sent * 100} %`,
      met: sent >= GOALS.sent,
    },
  ];
}
