// The data process's end of the link: a gateway that is told over a line. What it was told stays in force when the control process goes.

import type { Duplex } from 'node:stream';
import { messageOf } from '#base/mod.ts';
import type { Change, Failure, LinkAttendant, ServeOptions } from '#link/mod.ts';
import { attendLink, serveLink } from '#link/mod.ts';
import type { Logger, Metrics } from '#telemetry/mod.ts';
import type { GatewayControl, IngressRules, Target } from './control.ts';
import type { DrainOrder, GatewayNews } from './link.ts';
import { INGRESS, TARGET } from './link.ts';
import type { GatewayAddress } from './server.ts';

const HELLO: keyof GatewayNews = 'hello';

interface AttendOptions {
  readonly address: GatewayAddress;
  readonly log: Logger;
  /** Everything that is wanted has been told. */
  readonly onTold?: (() => void) | undefined;
  /** The platform stops. */
  readonly onRest?: (() => void) | undefined;
}

export interface ServeControlOptions extends AttendOptions {
  readonly metrics: Metrics;
}

/** Listens at the path, for its owner alone. Rejects where another process listens there. */
export async function serveControl(
  socketPath: string,
  control: GatewayControl,
  options: ServeControlOptions,
): Promise<{ close(): Promise<void> }> {
  const onPresence = presenceMeter(options.metrics);
  const link = await serveLink(socketPath, { ...served(control, options), onPresence });
  const stop = tellNews(control, link);
  return {
    close() {
      stop();
      return link.close();
    },
  };
}

/** Gives what listens to one control process after another, over whatever connects them. */
export function controlAttendant(control: GatewayControl, options: AttendOptions): (connection: Duplex) => void {
  const link = attendLink(served(control, options));
  tellNews(control, link);
  return link.attend;
}

function served(control: GatewayControl, { address, log, onTold, onRest }: AttendOptions): ServeOptions {
  return {
    log,
    greeting: { news: HELLO, value: address },
    async apply(changes, isAll) {
      const failures = await carryOut(control, changes);
      if (isAll) onTold?.();
      return failures;
    },
    answering: {
      async drain(order) {
        const { endpoint, deadlineMs } = order as DrainOrder;
        return control.drain(endpoint, deadlineMs);
      },
      refusals: () => control.refusals(),
      rest: async () => onRest?.(),
    },
  };
}

/** New targets before the routes to them, and routes that go before what they led to: no request meets a gap. */
async function carryOut(control: GatewayControl, changes: readonly Change[]): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (const change of changes.toSorted((a, b) => placeOf(a) - placeOf(b))) {
    const { kind, key } = change;
    await set(control, change).catch((error: unknown) => failures.push({ kind, key, error: messageOf(error) }));
  }
  return failures;
}

function placeOf({ kind, value }: Change): number {
  if (value === undefined) return kind === INGRESS ? 2 : 3;
  return kind === TARGET ? 0 : 1;
}

async function set(control: GatewayControl, { kind, key, value }: Change): Promise<void> {
  if (kind === INGRESS) return control.setIngress(key, value as IngressRules | undefined);
  if (kind === TARGET) return control.setTarget(key, value as Target | undefined);
  throw new Error(`a gateway knows no ${kind}`);
}

/** Returns the stop. */
function tellNews(control: GatewayControl, link: Pick<LinkAttendant, 'tell'>): () => void {
  const tell = <N extends keyof GatewayNews>(name: N, value: GatewayNews[N]) => link.tell(name, value);
  const stops = [
    control.onReport((reports) => tell('reports', reports)),
    control.onWake((target, traceparent) => tell('wake', { target, traceparent })),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** Shows the line under the names an activator has for the one to its autoscaler. */
function presenceMeter(metrics: Metrics): (there: number) => void {
  const peer = { peer: 'autoscaler' };
  const reachable = metrics.gauge('kn.activator.stats.conn.reachable');
  const errors = metrics.counter('kn.activator.stats.conn.errors');
  let before = 0;
  reachable.set(0, peer);
  return (there) => {
    reachable.set(there > 0 ? 1 : 0, peer);
    if (there < before) errors.add(peer);
    before = there;
  };
}
