// The data process's end of the link. What it was told stays in force when the control process goes.

import { chmod } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { messageOf } from '#base/mod.ts';
import { listenAt, readValues, writeValue } from '#link/mod.ts';
import type { Logger, Metrics } from '#telemetry/mod.ts';
import type { GatewayControl, IngressRules, Target } from './control.ts';
import type { Message, Request, ResetResult, Result } from './link.ts';
import type { GatewayAddress } from './server.ts';

export interface ServeControlOptions {
  readonly address: GatewayAddress;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Everything that is wanted has been told. */
  readonly onTold?: (() => void) | undefined;
  /** The platform stops. */
  readonly onRest?: (() => void) | undefined;
}

/** Bytes that may wait for a control process that does not read; reports beyond are left out, for the next second brings new ones. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;

/** Listens at the path, for its owner alone. Rejects where another process listens there. */
export async function serveControl(
  socketPath: string,
  control: GatewayControl,
  options: ServeControlOptions,
): Promise<{ close(): Promise<void> }> {
  const attend = controlAttendant(control, options);
  const sockets = new Set<Socket>();
  const line = lineMeter(options.metrics);
  const server = createServer((socket) => {
    sockets.add(socket);
    line.up();
    socket.once('close', () => {
      sockets.delete(socket);
      line.down(sockets.size > 0);
    });
    attend(socket);
  });
  await listenAt(server, socketPath);
  await chmod(socketPath, 0o600);
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

interface Attending extends Attended {
  readonly control: GatewayControl;
  readonly told: Told;
}

type Attended = Pick<ServeControlOptions, 'address' | 'log' | 'onTold' | 'onRest'>;

/** Gives what listens to one control process after another, over whatever connects them. */
export function controlAttendant(control: GatewayControl, options: Attended): (socket: Duplex) => void {
  const told = new Told(control, options);
  return (socket) => attend(socket, { control, told, ...options });
}

function attend(socket: Duplex, { control, told, address, log }: Attending): void {
  const say = (message: Message) => writeValue(socket, message);
  const tell = (message: Message) => {
    if (socket.writableLength < MAX_UNREAD_BYTES) say(message);
  };
  const stops = [
    control.onReport((reports) => tell({ reports })),
    control.onWake((wake, traceparent) => tell({ wake, traceparent })),
  ];
  socket.on('error', (error) => log.warn('control link failed', { error }));
  socket.once('close', () => {
    for (const stop of stops) stop();
    log.info('control process left');
  });
  log.info('control process came');
  say({ hello: address });
  readValues(socket, (value) => {
    const request = value as Request;
    told.take(request).then(
      (result) => say({ id: request.id, result }),
      (error: unknown) => say({ id: request.id, error: messageOf(error) }),
    );
  });
}

/** Shows the line under the names an activator has for the one to its autoscaler. */
function lineMeter(metrics: Metrics) {
  const peer = { peer: 'autoscaler' };
  const reachable = metrics.gauge('kn.activator.stats.conn.reachable');
  const errors = metrics.counter('kn.activator.stats.conn.errors');
  reachable.set(0, peer);
  return {
    up: () => reachable.set(1, peer),
    down(stillUp: boolean) {
      reachable.set(stillUp ? 1 : 0, peer);
      errors.add(peer);
    },
  };
}

/** What was told over all connections, so that a reset finds what is stale. */
class Told {
  readonly #control: GatewayControl;
  readonly #on: Pick<Attended, 'onTold' | 'onRest'>;
  readonly #ingresses = new Set<string>();
  readonly #targets = new Set<string>();
  /** What comes after a reset waits for it, so that no older word replaces a newer one. */
  #resetting: Promise<unknown> = Promise.resolve();

  constructor(control: GatewayControl, on: Pick<Attended, 'onTold' | 'onRest'>) {
    this.#control = control;
    this.#on = on;
  }

  async take(request: Request): Promise<Result> {
    const earlier = this.#resetting;
    if (request.op === 'reset') {
      const reset = earlier.then(() => this.#reset(request));
      this.#resetting = reset.catch(() => undefined);
      return reset;
    }
    await earlier;
    switch (request.op) {
      case 'ingress':
        await this.#ingress(request.key, request.rules);
        return null;
      case 'target':
        await this.#target(request.key, request.target);
        return null;
      case 'drain':
        return this.#control.drain(request.endpoint, request.deadlineMs);
      case 'refusals':
        return this.#control.refusals();
      case 'rest':
        this.#on.onRest?.();
        return null;
      default:
        throw new Error(`unknown request ${JSON.stringify(request)}`);
    }
  }

  /** New targets before the routes to them, and stale routes before what they led to: no request meets a gap. */
  async #reset({ ingresses, targets, unfinished }: Request & { op: 'reset' }): Promise<ResetResult> {
    const failed: Record<string, string> = {};
    const attempt = (key: string, doing: Promise<void>) =>
      doing.catch((error: unknown) => void (failed[key] = messageOf(error)));
    for (const [key, target] of Object.entries(targets)) await attempt(key, this.#target(key, target));
    for (const [key, rules] of Object.entries(ingresses)) await attempt(key, this.#ingress(key, rules));
    if (unfinished) return { failed };
    for (const key of this.#ingresses) if (!Object.hasOwn(ingresses, key)) await this.#ingress(key, undefined);
    for (const key of this.#targets) if (!Object.hasOwn(targets, key)) await this.#target(key, undefined);
    this.#on.onTold?.();
    return { failed };
  }

  #ingress(key: string, rules: IngressRules | undefined): Promise<void> {
    if (rules) this.#ingresses.add(key);
    else this.#ingresses.delete(key);
    return this.#control.setIngress(key, rules);
  }

  #target(key: string, target: Target | undefined): Promise<void> {
    if (target) this.#targets.add(key);
    else this.#targets.delete(key);
    return this.#control.setTarget(key, target);
  }
}
