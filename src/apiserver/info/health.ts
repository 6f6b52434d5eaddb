// Whether the server is well: `/healthz`, `/livez`, `/readyz`, each with its checks by name.

import type { Exchange } from '../exchange.ts';
import { send } from '../exchange.ts';
import { unknownResource } from '#machinery/mod.ts';

/** One thing that can be unwell. Gives what is wrong, or undefined where nothing is. */
export interface HealthCheck {
  readonly name: string;
  /** Asked for liveness too; the others only say whether the server is ready. */
  readonly isVital: boolean;
  fault(): string | undefined;
}

const PING: HealthCheck = { name: 'ping', isVital: true, fault: () => undefined };

/** Answers `/healthz`, `/livez`, `/readyz` and single checks below them (`/readyz/ping`). */
export async function serveHealth(exchange: Exchange, checks: readonly HealthCheck[]): Promise<void> {
  const [endpoint = '', wanted] = exchange.info.path.slice(1).split('/');
  const all = [PING, ...checks].filter(({ isVital }) => isVital || endpoint !== 'livez');
  const asked =
    wanted === undefined ? without(all, exchange.query.getAll('exclude')) : all.filter(({ name }) => name === wanted);
  if (asked.length === 0) throw unknownResource();
  const verdicts = asked.map((check) => ({ name: check.name, fault: check.fault() }));
  const failed = verdicts.some(({ fault }) => fault !== undefined);
  const lines = verdicts.map(({ name, fault }) =>
    fault === undefined ? `[+]${name} ok` : `[-]${name} failed: ${fault}`,
  );
  const text =
    failed || exchange.query.has('verbose')
      ? [...lines, `${endpoint} check ${failed ? 'failed' : 'passed'}`, ''].join('\n')
      : 'ok';
  await send(exchange, failed ? 500 : 200, 'text/plain; charset=utf-8', text);
}

function without(checks: readonly HealthCheck[], names: readonly string[]): HealthCheck[] {
  return checks.filter(({ name }) => !names.includes(name));
}
