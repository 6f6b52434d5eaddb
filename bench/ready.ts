// From the creation of a Service to Ready and an answer with status 200.

import { join } from 'node:path';
import { Service } from '#kinds/mod.ts';
import { isReady } from '#machinery/mod.ts';
import { repository } from '../test/harness/platform.ts';
import { firstByte } from './cold-start.ts';
import type { BenchPlatform } from './ebb.ts';
import { deploy, startEbb } from './ebb.ts';
import { median } from './processes.ts';
import type { Section } from './section.ts';
import { ms } from './section.ts';

const NAMESPACE = 'default';
const READY_WITHIN_MS = 30_000;

export const ready: Section = {
  name: 'ready',
  needs: [],
  async run({ rounds = 20, quick, say }) {
    const ebb = await startEbb();
    try {
      const spec = await specOfExample(ebb);
      const results: Round[] = [];
      for (let round = 1; round <= (quick ? 3 : rounds); round++) {
        results.push(await measure(ebb, `ready-${round}`, spec));
        say(
          `round ${round}: Ready after ${ms(results.at(-1)?.readyMs ?? NaN)}, answered after ${ms(results.at(-1)?.answeredMs ?? NaN)}`,
        );
      }
      return figures(results);
    } finally {
      await ebb.platform.discard();
    }
  },
};

interface Round {
  readonly readyMs: number;
  readonly answeredMs: number;
}

function figures(rounds: readonly Round[]) {
  const readyMs = median(rounds.map((round) => round.readyMs));
  const answeredMs = median(rounds.map((round) => round.answeredMs));
  return {
    rows: [
      { what: 'create to Ready (median)', value: ms(readyMs) },
      {
        what: 'create to Ready and answering 200 (median)',
        value: ms(answeredMs),
        goal: 'at most 300 ms',
        met: answeredMs <= 300,
      },
    ],
    data: { readyMedianMs: readyMs, answeredMedianMs: answeredMs, rounds },
  };
}

/** The example deployed once, so that its image is here; each round makes a new Service of it. */
async function specOfExample(ebb: BenchPlatform): Promise<Service['spec']> {
  await deploy(ebb, join(repository, 'examples/hello'), 'warm-up');
  const service = await ebb.client.get(Service, NAMESPACE, 'warm-up');
  if (!service) throw new Error('the Service that was just deployed is not there');
  return service.spec;
}

async function measure(ebb: BenchPlatform, name: string, spec: Service['spec']): Promise<Round> {
  const { client, gatewayPort } = ebb;
  const stop = new AbortController();
  const { resourceVersion } = await client.list(Service, { namespace: NAMESPACE });
  const became = readyOf(ebb, name, resourceVersion, stop.signal);
  const began = performance.now();
  const late = setTimeout(
    () => stop.abort(new Error(`${name} was not ready after ${READY_WITHIN_MS / 1000} s`)),
    READY_WITHIN_MS,
  );
  try {
    await client.create(Service, {
      apiVersion: Service.apiVersion,
      kind: Service.kind,
      metadata: { name, namespace: NAMESPACE },
      spec,
    });
    const url = await became;
    const readyMs = performance.now() - began;
    await firstByte(gatewayPort, new URL(url).host);
    return { readyMs, answeredMs: performance.now() - began };
  } finally {
    clearTimeout(late);
    stop.abort();
    await client.delete(Service, NAMESPACE, name);
  }
}

/** Its URL, once it is ready. */
async function readyOf({ client }: BenchPlatform, name: string, from: string, signal: AbortSignal): Promise<string> {
  for await (const event of client.watch(
    Service,
    from,
    { namespace: NAMESPACE, fieldSelector: `metadata.name=${name}` },
    signal,
  )) {
    if (event.type === 'BOOKMARK') continue;
    const { status } = event.object;
    if (isReady(event.object) && status?.url) return status.url;
  }
  throw signal.reason ?? new Error('the watch ended');
}
