// The garbage collector: deletes what no living owner holds, and keeps the promises of Foreground and Orphan deletions.

import type { Clock, Timer } from '#base/mod.ts';
import { backoffMs, messageOf } from '#base/mod.ts';
import type { Controller } from '#engine/mod.ts';
import type { Kind, KubeObject, OwnerReference } from '#machinery/mod.ts';
import { isReason } from '#machinery/mod.ts';
import type { Change, Client, Informers, Scheme } from '#objects/mod.ts';
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from '#objects/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import type { GraphNode, OwnerState } from './graph.ts';
import { judge, OwnerGraph } from './graph.ts';
import { watchKinds } from './stored-kinds.ts';

export interface CollectorOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly scheme: Scheme;
  readonly clock: Clock;
  readonly log: Logger;
}

const AT_ONCE = 32;
const RETRY = { firstMs: 50, maxMs: 30_000, factor: 2 };

export function garbageCollector(options: CollectorOptions): Controller {
  return { name: 'garbage-collector', run: (signal) => new Collector(options).run(signal) };
}

class Collector {
  readonly #options: CollectorOptions;
  readonly #graph = new OwnerGraph();
  /** Uids to look at: at most one entry for each object. */
  readonly #waiting = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Set<Timer>();
  #running = 0;
  #open = true;
  #idle: (() => void) | undefined;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { scheme, informers } = this.#options;
    const stop = watchKinds(scheme, informers, (kind, change) => this.#hear(kind, change));
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    stop();
    this.#open = false;
    this.#waiting.clear();
    for (const timer of this.#timers) timer.cancel();
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  #hear(kind: Kind, { before, after }: Change<KubeObject>): void {
    if (before && before.metadata.uid !== after?.metadata.uid) this.#lost(before);
    if (!after) return;
    this.#graph.put(kind, after);
    const { uid = '', ownerReferences = [], deletionTimestamp, finalizers = [] } = after.metadata;
    const asksForHelp =
      deletionTimestamp !== undefined &&
      finalizers.some((one) => one === FOREGROUND_FINALIZER || one === ORPHAN_FINALIZER);
    if (asksForHelp || (ownerReferences.length > 0 && !deletionTimestamp)) this.#look(uid);
    // An owner that waits in the foreground may just have lost the last it waited for.
    if (deletionTimestamp) for (const owner of ownerReferences) this.#look(owner.uid);
  }

  #lost({ metadata: { uid = '', ownerReferences = [] } }: KubeObject): void {
    this.#graph.remove(uid);
    for (const { object } of this.#graph.dependentsOf(uid)) this.#look(object.metadata.uid ?? '');
    for (const owner of ownerReferences) this.#look(owner.uid);
  }

  #look(uid: string): void {
    if (!this.#open || !this.#graph.get(uid)) return;
    this.#waiting.add(uid);
    queueMicrotask(() => this.#next());
  }

  #next(): void {
    for (const uid of this.#waiting) {
      if (this.#running >= AT_ONCE) return;
      this.#waiting.delete(uid);
      this.#running++;
      void this.#attend(uid);
    }
  }

  async #attend(uid: string): Promise<void> {
    try {
      const node = this.#graph.get(uid);
      if (node) await this.#work(node);
      this.#failures.delete(uid);
    } catch (thrown) {
      this.#retry(uid, thrown);
    }
    this.#running--;
    this.#next();
    if (this.#running === 0) this.#idle?.();
  }

  #retry(uid: string, thrown: unknown): void {
    if (isReason(thrown, 'NotFound')) return;
    const failures = (this.#failures.get(uid) ?? 0) + 1;
    this.#failures.set(uid, failures);
    if (!isReason(thrown, 'Conflict'))
      this.#options.log.warn('collecting an object failed', { uid, error: messageOf(thrown) });
    const timer = this.#options.clock.after(backoffMs(RETRY, failures), () => {
      this.#timers.delete(timer);
      this.#look(uid);
    });
    this.#timers.add(timer);
  }

  #work(node: GraphNode): Promise<void> | void {
    const { deletionTimestamp, finalizers = [] } = node.object.metadata;
    if (!deletionTimestamp) return this.#judge(node);
    if (finalizers.includes(ORPHAN_FINALIZER)) return this.#orphan(node);
    return finalizers.includes(FOREGROUND_FINALIZER) ? this.#clearForeground(node) : undefined;
  }

  async #judge({ kind, object }: GraphNode): Promise<void> {
    const { namespace = '', name, uid = '' } = object.metadata;
    const states = new Map<OwnerReference, OwnerState>();
    for (const owner of object.metadata.ownerReferences ?? []) states.set(owner, await this.#stateOf(owner, namespace));
    const blocking = this.#graph.dependentsOf(uid).some((dependent) => blocks(dependent.object, uid));
    const verdict = judge(object, (owner) => states.get(owner) ?? 'solid', blocking);
    const { client } = this.#options;
    if (verdict.act === 'delete') await client.delete(kind, namespace, name, { uid, propagation: verdict.propagation });
    if (verdict.act === 'disown') await this.#setOwners({ kind, object }, verdict.keep);
  }

  /** The graph may be behind, so an owner counts as absent only when the API says so. */
  async #stateOf(owner: OwnerReference, namespace: string): Promise<OwnerState> {
    const known = this.#graph.get(owner.uid)?.object;
    const kind = this.#options.scheme.byKind(owner.apiVersion, owner.kind);
    if (!known && !kind) return 'solid';
    const found =
      known ?? (kind && (await this.#options.client.get(kind, kind.scope === 'Cluster' ? '' : namespace, owner.name)));
    if (!found || found.metadata.uid !== owner.uid) return 'absent';
    const { deletionTimestamp, finalizers = [] } = found.metadata;
    return deletionTimestamp && finalizers.includes(FOREGROUND_FINALIZER) ? 'waiting' : 'solid';
  }

  /** The dependents stay and forget their owner; then it may go. */
  async #orphan(node: GraphNode): Promise<void> {
    const { uid = '' } = node.object.metadata;
    for (const dependent of this.#graph.dependentsOf(uid)) {
      const owners = dependent.object.metadata.ownerReferences ?? [];
      await this.#setOwners(
        dependent,
        owners.filter((owner) => owner.uid !== uid),
      );
    }
    await this.#dropFinalizer(node, ORPHAN_FINALIZER);
  }

  /** The dependents go first; those that block keep the owner until they are gone. */
  async #clearForeground(node: GraphNode): Promise<void> {
    const { uid = '' } = node.object.metadata;
    const dependents = this.#graph.dependentsOf(uid);
    for (const { object } of dependents) this.#look(object.metadata.uid ?? '');
    if (!dependents.some(({ object }) => blocks(object, uid))) await this.#dropFinalizer(node, FOREGROUND_FINALIZER);
  }

  async #setOwners({ kind, object }: GraphNode, owners: readonly OwnerReference[]): Promise<void> {
    const { namespace = '', name, uid = '' } = object.metadata;
    const ownerReferences = owners.length > 0 ? owners.map((owner) => JSON.parse(JSON.stringify(owner))) : null;
    await this.#options.client.patch(kind, namespace, name, 'merge', { metadata: { uid, ownerReferences } });
  }

  async #dropFinalizer({ kind, object }: GraphNode, finalizer: string): Promise<void> {
    const { namespace = '', name, uid = '', resourceVersion = '', finalizers = [] } = object.metadata;
    const rest = finalizers.filter((one) => one !== finalizer);
    await this.#options.client.patch(kind, namespace, name, 'merge', {
      metadata: { uid, resourceVersion, finalizers: rest.length > 0 ? rest : null },
    });
  }
}

function blocks({ metadata }: KubeObject, ownerUid: string): boolean {
  return (metadata.ownerReferences ?? []).some(
    ({ uid, blockOwnerDeletion }) => uid === ownerUid && blockOwnerDeletion === true,
  );
}
