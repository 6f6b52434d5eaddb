// Sees in the API what the moments are about: decisions of the autoscaler, scales that are written, Pods that go.

import type { Informers } from '#objects/mod.ts';
import type { Client } from '#objects/mod.ts';
import { Deployment, Pod, PodAutoscaler, SERVICE_LABEL } from '#kinds/mod.ts';
import type { Moments } from './moments.ts';
import type { Trace } from './trace.ts';

/** The service of a Revision's parts, by their names. */
export function serviceOf(name: string): string {
  return name.replace(/-\d{5}.*$/, '');
}

/** How many Pods each service has, and who waits for there to be none. */
export class PodCount {
  /** How often each service went to zero. */
  readonly zeros = new Map<string, number>();
  readonly #pods = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();

  of(service: string): number {
    return this.#pods.get(service) ?? 0;
  }

  whenZero(service: string): Promise<void> {
    if (this.of(service) === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.set(service, [...(this.#waiting.get(service) ?? []), resolve]);
    });
  }

  change(service: string, by: number): void {
    const count = this.of(service) + by;
    this.#pods.set(service, count);
    if (count > 0 || by > 0) return;
    this.zeros.set(service, (this.zeros.get(service) ?? 0) + 1);
    const waiting = this.#waiting.get(service) ?? [];
    this.#waiting.delete(service);
    for (const resolve of waiting) resolve();
  }
}

/** Begins to look. Returns the stop. */
export function watchMoments(informers: Informers, moments: Moments, pods: PodCount, trace: Trace): () => void {
  const stops = [
    informers.of(PodAutoscaler).onChange(({ before, after }) => {
      if (!after || after.status?.desiredScale === before?.status?.desiredScale) return;
      const service = serviceOf(after.metadata.name);
      trace.note(service, `the autoscaler wants ${after.status?.desiredScale}`);
      if (before && after.status?.desiredScale === 0) moments.reach(service, 'deciding');
    }),
    informers.of(Deployment).onChange(({ before, after }) => {
      if (!after || after.spec.replicas === before?.spec.replicas) return;
      trace.note(serviceOf(after.metadata.name), `the Deployment says ${after.spec.replicas}`);
    }),
    informers.of(Pod).onChange(({ before, after }) => {
      const service = (after ?? before)?.metadata.labels?.[SERVICE_LABEL];
      if (service === undefined) return;
      if (!before) pods.change(service, 1);
      if (after) return;
      pods.change(service, -1);
      moments.reach(service, 'Pod deleted');
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** The same client; a Deployment that is scaled to nothing is told of before the API hears of it. */
export function tellingOfZero(client: Client, moments: Moments): Client {
  return {
    ...client,
    patch(kind, namespace, name, type, body, options) {
      const isScale = kind.kind === Deployment.kind && options?.subresource === 'scale';
      if (isScale && JSON.stringify(body).includes('"value":0}')) moments.reach(serviceOf(name), 'applying');
      return client.patch(kind, namespace, name, type, body, options);
    },
  };
}
