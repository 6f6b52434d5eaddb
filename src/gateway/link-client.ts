// The control process's end of the link: what is wanted of a gateway, said over a line.

import type { Connecting, ConnectOptions, LinkClient } from '#link/mod.ts';
import { connectLink, LineLost } from '#link/mod.ts';
import type { IngressRules, RefusalCount, Target, TargetReport, WakeListener } from './control.ts';
import type { DrainOrder, GatewayNews, LinkedControl } from './link.ts';
import { INGRESS, TARGET } from './link.ts';
import type { GatewayAddress } from './server.ts';

export type ConnectControlOptions = Pick<ConnectOptions, 'clock' | 'log' | 'allTold'>;

/**
 * Begins to connect, and goes on until closed. Changes resolve when the data process has them, however long that takes.
 * `where` is the path of a unix socket, or what else makes a connection.
 */
export function connectControl(where: string | Connecting, options: ConnectControlOptions): LinkedControl {
  return new LinkedGateway(where, options);
}

class LinkedGateway implements LinkedControl {
  readonly #link: LinkClient;
  readonly #targets = new Map<string, Target>();
  readonly #reportListeners = new Set<(reports: readonly TargetReport[]) => void>();
  readonly #wakeListeners = new Set<WakeListener>();
  readonly #connectionListeners = new Set<(connected: boolean) => void>();
  readonly #address = Promise.withResolvers<GatewayAddress>();

  constructor(where: string | Connecting, options: ConnectControlOptions) {
    // Whoever never asks for the address must not be told that it never came.
    this.#address.promise.catch(() => {});
    this.#link = connectLink(where, {
      ...options,
      answering: {},
      onNews: (name, value) => this.#hear({ [name]: value }),
      onConnection: (connected) => {
        for (const listen of this.#connectionListeners) listen(connected);
      },
    });
  }

  get connected(): boolean {
    return this.#link.isConnected;
  }

  address(): Promise<GatewayAddress> {
    return this.#address.promise;
  }

  onConnection(listen: (connected: boolean) => void): () => void {
    return entered(this.#connectionListeners, listen);
  }

  onReport(listen: (reports: readonly TargetReport[]) => void): () => void {
    return entered(this.#reportListeners, listen);
  }

  onWake(listen: WakeListener): () => void {
    return entered(this.#wakeListeners, listen);
  }

  setIngress(key: string, rules: IngressRules | undefined): Promise<void> {
    return this.#link.change([{ kind: INGRESS, key, value: rules }]);
  }

  setTarget(key: string, target: Target | undefined): Promise<void> {
    if (target) this.#targets.set(key, target);
    else this.#targets.delete(key);
    return this.#link.change([{ kind: TARGET, key, value: target }]);
  }

  /** Where there is no data process, or it ends meanwhile, nothing is in flight any more: its connections ended with it. */
  drain(endpoint: string, deadlineMs: number): Promise<{ left: number }> {
    this.#rememberDrain(endpoint);
    const order: DrainOrder = { endpoint, deadlineMs };
    return this.#ask('drain', order, { left: 0 });
  }

  /** Empty while the data process cannot be asked. */
  refusals(): Promise<readonly RefusalCount[]> {
    return this.#ask<readonly RefusalCount[]>('refusals', null, []);
  }

  async rest(): Promise<void> {
    // A data process that comes anew is not told that this is everything, and so begins nothing either.
    this.#link.holdBack();
    await this.#ask('rest', null, null);
  }

  close(): Promise<void> {
    this.#address.reject(new Error('the link to the data process was closed'));
    return this.#link.close();
  }

  #hear({ hello, reports, wake }: Partial<GatewayNews>): void {
    if (hello) this.#address.resolve(hello);
    if (reports) for (const listen of this.#reportListeners) listen(reports);
    if (wake) for (const listen of this.#wakeListeners) listen(wake.target, wake.traceparent);
  }

  /** What the data process answers; `otherwise` where it is away, or goes before it has answered. */
  async #ask<T>(name: string, argument: unknown, otherwise: T): Promise<T> {
    try {
      return (await this.#link.ask(name, argument)) as T;
    } catch (error) {
      if (error instanceof LineLost) return otherwise;
      throw error;
    }
  }

  /** A data process that comes anew must not open what was being drained. */
  #rememberDrain(endpointId: string): void {
    for (const [key, target] of this.#targets) {
      if (!target.endpoints.some(({ id }) => id === endpointId)) continue;
      const endpoints = target.endpoints.map((endpoint) =>
        endpoint.id === endpointId ? { ...endpoint, state: 'draining' as const } : endpoint,
      );
      const draining = { ...target, endpoints };
      this.#targets.set(key, draining);
      this.#link.amend({ kind: TARGET, key, value: draining });
    }
  }
}

/** Returns what takes the listener out again. */
function entered<L>(listeners: Set<L>, listen: L): () => void {
  listeners.add(listen);
  return () => void listeners.delete(listen);
}
