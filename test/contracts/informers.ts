// What informers owe their readers, over the store's own memory and over a watch alike.

import { afterEach, beforeEach, describe, expect } from 'vitest';
import type { Client, Informers } from '#objects/mod.ts';
import type { Exceptions } from './promises.ts';
import { promises } from './promises.ts';
import { Space, Thing } from './thing-kinds.ts';

export interface InformersUnderTest {
  readonly informers: Informers;
  /** Writes to the API that the informers look at. */
  readonly client: Client;
  stop(): Promise<void>;
}

const thing = (name: string, metadata: Partial<Thing['metadata']> = {}): Thing => ({
  apiVersion: Thing.apiVersion,
  kind: Thing.kind,
  metadata: { name, namespace: 'a', ...metadata },
  spec: {},
});

const ownedBy = (uid: string) => ({
  ownerReferences: [{ apiVersion: 'v1', kind: 'Owner', name: uid, uid, controller: true }],
});

export function informersContract(
  home: string,
  make: () => Promise<InformersUnderTest>,
  exceptions: Exceptions = {},
): void {
  const promise = promises(exceptions);
  describe(`informers ${home}`, () => {
    let informers: Informers;
    let client: Client;
    let stop: () => Promise<void>;
    let running: AbortController;

    beforeEach(async () => {
      const made = await make();
      ({ informers, client } = made);
      stop = () => made.stop();
      running = new AbortController();
      await client.create(Space, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' }, spec: {} });
      await client.create(Space, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'b' }, spec: {} });
    });
    afterEach(async () => {
      running.abort();
      await stop();
    });

    const names = (list: readonly Thing[]) => list.map(({ metadata }) => metadata.name).sort();

    promise('hold what was there, then what comes, changes and goes', async () => {
      await client.create(Thing, thing('x'));
      const things = informers.of(Thing);
      const heard: string[] = [];
      things.onChange(({ before, after }) => {
        heard.push(`${before ? 'was' : 'new'} ${after?.metadata.name ?? `gone ${before?.metadata.name}`}`);
      });
      await informers.start(running.signal);
      expect(things.synced).toBe(true);
      await expect.poll(() => heard).toEqual(['new x']);
      const y = await client.create(Thing, thing('y'));
      await client.update(Thing, { ...y, spec: { color: 'red' } });
      await client.delete(Thing, 'a', 'x');
      await expect.poll(() => heard).toEqual(['new x', 'new y', 'was y', 'was gone x']);
      expect(things.get('a', 'x')).toBeUndefined();
      expect(things.get('a', 'y')?.spec.color).toBe('red');
    });

    promise('are one for each kind however many ask', async () => {
      expect(informers.of(Thing)).toBe(informers.of(Thing));
      expect(informers.of(Thing)).not.toBe(informers.of(Space));
    });

    promise('list by namespace, owner and index', async () => {
      await client.create(Thing, thing('x', { labels: { app: 'one' }, ...ownedBy('u1') }));
      await client.create(Thing, thing('y', { labels: { app: 'one' } }));
      await client.create(Thing, thing('z', { labels: { app: 'two' }, namespace: 'b' }));
      const things = informers.of(Thing);
      things.addIndex('app', ({ metadata }) => [metadata.labels?.['app'] ?? ''].filter(Boolean));
      await informers.start(running.signal);
      expect(names(things.list())).toEqual(['x', 'y', 'z']);
      expect(names(things.list('b'))).toEqual(['z']);
      expect(names(things.ownedBy('u1'))).toEqual(['x']);
      expect(names(things.byIndex('app', 'one'))).toEqual(['x', 'y']);
      await client.patch(Thing, 'a', 'y', 'merge', { metadata: { labels: { app: 'two' } } });
      await client.delete(Thing, 'a', 'x');
      await expect.poll(() => names(things.byIndex('app', 'two'))).toEqual(['y', 'z']);
      await expect.poll(() => names(things.ownedBy('u1'))).toEqual([]);
    });

    promise('made after the start run at once', async () => {
      await client.create(Thing, thing('x'));
      await informers.start(running.signal);
      const things = informers.of(Thing);
      await expect.poll(() => names(things.list())).toEqual(['x']);
    });

    promise('a late listener hears of what is there; one that stopped hears nothing', async () => {
      await client.create(Thing, thing('x'));
      const things = informers.of(Thing);
      await informers.start(running.signal);
      const heard: string[] = [];
      const stopped: string[] = [];
      things.onChange(({ after }) => stopped.push(after?.metadata.name ?? ''))();
      things.onChange(({ after }) => heard.push(after?.metadata.name ?? ''));
      await client.create(Thing, thing('y'));
      await expect.poll(() => heard).toEqual(['x', 'y']);
      expect(stopped).toEqual([]);
    });

    promise('a listener that throws disturbs nobody', async () => {
      const things = informers.of(Thing);
      await informers.start(running.signal);
      const heard: string[] = [];
      things.onChange(() => {
        throw new Error('a fault of the listener');
      });
      things.onChange(({ after }) => heard.push(after?.metadata.name ?? ''));
      await client.create(Thing, thing('x'));
      await expect.poll(() => heard).toEqual(['x']);
    });

    promise('share one frozen object with every reader', async () => {
      await client.create(Thing, thing('x'));
      const things = informers.of(Thing);
      await informers.start(running.signal);
      expect(things.get('a', 'x')).toBe(things.get('a', 'x'));
      expect(Object.isFrozen(things.get('a', 'x')?.spec)).toBe(true);
    });
  });
}
