// What a client of the API owes its callers, in process and over HTTP alike.

import { afterEach, beforeEach, describe, expect } from 'vitest';
import type { KubeObject } from '#machinery/mod.ts';
import { ApiError } from '#machinery/mod.ts';
import type { Client, WatchEvent } from '#objects/mod.ts';
import type { Exceptions } from './promises.ts';
import { promises } from './promises.ts';
import { Gadget, Note, Space, Thing } from './thing-kinds.ts';

export interface ClientUnderTest {
  readonly client: Client;
  stop(): Promise<void>;
}

const thing = (name: string, spec: Thing['spec'] = {}, metadata: Partial<Thing['metadata']> = {}): Thing => ({
  apiVersion: Thing.apiVersion,
  kind: Thing.kind,
  metadata: { name, namespace: 'a', ...metadata },
  spec,
});

async function codeOf(doing: Promise<unknown>): Promise<[number, string]> {
  const thrown = await doing.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof ApiError)) throw thrown ?? new Error('was not refused');
  return [thrown.code, thrown.reason];
}

const textOf = (event: WatchEvent<KubeObject>): string =>
  event.type === 'BOOKMARK' ? 'BOOKMARK' : `${event.type} ${event.object.metadata.name}`;

/** Runs the whole contract against clients that `make` makes, each over an API of its own that serves `thingKinds`. */
export function clientContract(home: string, make: () => Promise<ClientUnderTest>, exceptions: Exceptions = {}): void {
  const promise = promises(exceptions);
  describe(`a client ${home}`, () => {
    let client: Client;
    let stop: () => Promise<void>;

    beforeEach(async () => {
      const made = await make();
      client = made.client;
      stop = () => made.stop();
      await client.create(Space, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' }, spec: {} });
    });
    afterEach(() => stop());

    promise('creates, gets, lists and deletes', async () => {
      const made = await client.create(Thing, thing('x', { color: 'red' }));
      expect(made).toMatchObject({ apiVersion: Thing.apiVersion, kind: 'Thing', spec: { color: 'red', replicas: 1 } });
      expect(await client.get(Thing, 'a', 'x')).toEqual(made);
      const { items, resourceVersion } = await client.list(Thing, { namespace: 'a' });
      expect(items).toEqual([made]);
      expect(Number(resourceVersion)).toBeGreaterThan(0);
      await client.delete(Thing, 'a', 'x');
      expect(await client.get(Thing, 'a', 'x')).toBeUndefined();
    });

    promise('hands out what is frozen', async () => {
      const made = await client.create(Thing, thing('x'));
      expect(Object.isFrozen(made)).toBe(true);
      expect(Object.isFrozen(made.spec)).toBe(true);
    });

    promise('speaks of cluster-scoped kinds without a namespace', async () => {
      expect((await client.get(Space, '', 'a'))?.metadata.namespace).toBeUndefined();
      expect((await client.list(Space)).items.map(({ metadata }) => metadata.name)).toContain('a');
    });

    promise('selects by label, field and namespace', async () => {
      await client.create(Thing, thing('x', { color: 'red' }, { labels: { app: 'one' } }));
      await client.create(Thing, thing('y', { color: 'blue' }, { labels: { app: 'two' } }));
      const names = async (options: Parameters<Client['list']>[1]) =>
        (await client.list(Thing, options)).items.map(({ metadata }) => metadata.name);
      expect(await names({ labelSelector: 'app in (two,three)' })).toEqual(['y']);
      expect(await names({ fieldSelector: 'spec.color=red' })).toEqual(['x']);
      expect(await names({ namespace: 'b' })).toEqual([]);
      expect(await codeOf(client.list(Thing, { fieldSelector: 'spec.size=1' }))).toEqual([400, 'BadRequest']);
    });

    promise('updates the object and its status apart', async () => {
      const made = await client.create(Thing, thing('x', { color: 'red' }));
      const withStatus = await client.updateStatus(Thing, { ...made, spec: {}, status: { phase: 'Ready' } });
      expect(withStatus).toMatchObject({ spec: { color: 'red' }, status: { phase: 'Ready' } });
      const updated = await client.update(Thing, { ...withStatus, spec: { color: 'blue' }, status: {} });
      expect(updated).toMatchObject({
        spec: { color: 'blue' },
        status: { phase: 'Ready' },
        metadata: { generation: 2 },
      });
      expect(await codeOf(client.update(Thing, made))).toEqual([409, 'Conflict']);
    });

    for (const [type, body] of [
      ['merge', { spec: { color: 'green' } }],
      ['json', [{ op: 'replace', path: '/spec/color', value: 'green' }]],
      ['strategic', { spec: { color: 'green' } }],
    ] as const) {
      promise(`patches by ${type}`, async () => {
        await client.create(Thing, thing('x', { color: 'red' }));
        const patched = await client.patch(Thing, 'a', 'x', type, body);
        expect(patched.spec).toEqual({ color: 'green', replicas: 1 });
      });
    }

    promise('patches subresources', async () => {
      await client.create(Thing, thing('x', { color: 'red' }));
      const status = await client.patch(
        Thing,
        'a',
        'x',
        'merge',
        { status: { phase: 'Up' } },
        { subresource: 'status' },
      );
      expect(status.status).toEqual({ phase: 'Up' });
      const scaled = await client.patch(Thing, 'a', 'x', 'merge', { spec: { replicas: 4 } }, { subresource: 'scale' });
      expect(scaled).toMatchObject({ kind: 'Thing', spec: { replicas: 4, color: 'red' } });
    });

    promise('applies: creates, then owns, and meets others', async () => {
      const body = { apiVersion: Thing.apiVersion, kind: 'Thing', metadata: { name: 'x' }, spec: { color: 'red' } };
      const made = await client.patch(Thing, 'a', 'x', 'apply', body, { fieldManager: 'one' });
      expect(made.metadata.managedFields).toMatchObject([{ manager: 'one', operation: 'Apply' }]);
      const other = { ...body, spec: { color: 'blue' } };
      expect(await codeOf(client.patch(Thing, 'a', 'x', 'apply', other, { fieldManager: 'two' }))).toEqual([
        409,
        'Conflict',
      ]);
      const forced = await client.patch(Thing, 'a', 'x', 'apply', other, { fieldManager: 'two', force: true });
      expect(forced.spec.color).toBe('blue');
    });

    const refusals: [string, (client: Client) => Promise<unknown>, [number, string]][] = [
      ['an object that is there', (at) => at.create(Thing, thing('there')), [409, 'AlreadyExists']],
      [
        'a namespace that is not',
        (at) => at.create(Thing, thing('x', {}, { namespace: 'nowhere' })),
        [404, 'NotFound'],
      ],
      ['a wrong object', (at) => at.create(Thing, thing('x', { replicas: -1 })), [422, 'Invalid']],
      [
        'what a webhook denies',
        (at) =>
          at.create(Gadget, { ...thing('g'), apiVersion: Gadget.apiVersion, kind: 'Gadget' } as unknown as Gadget),
        [400, 'BadRequest'],
      ],
      ['a patch of nothing', (at) => at.patch(Thing, 'a', 'none', 'merge', {}), [404, 'NotFound']],
      ['a deletion of nothing', (at) => at.delete(Thing, 'a', 'none'), [404, 'NotFound']],
      ['a deletion of another one', (at) => at.delete(Thing, 'a', 'there', { uid: 'other' }), [409, 'Conflict']],
      [
        'a strategic patch of a custom kind',
        (at) => at.patch(Gadget, 'a', 'gadget', 'strategic', { spec: {} }),
        [415, 'UnsupportedMediaType'],
      ],
    ];
    for (const [what, doing, refusal] of refusals) {
      promise(`refuses ${what}`, async () => {
        await client.create(Thing, thing('there'));
        const gadget = { ...thing('gadget'), apiVersion: Gadget.apiVersion, kind: 'Gadget', spec: { image: 'i' } };
        await client.create(Gadget, gadget);
        expect(await codeOf(doing(client))).toEqual(refusal);
      });
    }

    promise('names the faults of a refused object', async () => {
      const thrown: unknown = await client.create(Thing, thing('x', { replicas: -1 })).catch((error: unknown) => error);
      expect(thrown).toMatchObject({
        status: {
          details: {
            name: 'x',
            kind: 'Thing',
            causes: expect.arrayContaining([
              expect.objectContaining({ field: 'spec.replicas', reason: 'FieldValueInvalid' }),
            ]) as unknown,
          },
        },
      });
    });

    promise('deletes by propagation and grace', async () => {
      await client.create(Thing, thing('x'));
      await client.delete(Thing, 'a', 'x', { propagation: 'Foreground' });
      expect((await client.get(Thing, 'a', 'x'))?.metadata.finalizers).toEqual(['foregroundDeletion']);
    });

    promise('watches from a list on, and ends by its signal', async () => {
      await client.create(Thing, thing('before'));
      const { resourceVersion } = await client.list(Thing);
      const made = await client.create(Thing, thing('x'));
      const abort = new AbortController();
      const seen: string[] = [];
      const watching = (async () => {
        for await (const event of client.watch(Thing, resourceVersion, { namespace: 'a' }, abort.signal)) {
          if (event.type !== 'BOOKMARK') seen.push(textOf(event));
          if (seen.length === 3) abort.abort();
        }
      })();
      await client.update(Thing, { ...made, spec: { color: 'red' } });
      await client.create(Note, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'n', namespace: 'a' } });
      await client.delete(Thing, 'a', 'x');
      await watching;
      expect(seen).toEqual(['ADDED x', 'MODIFIED x', 'DELETED x']);
    });

    promise('a watch by selector tells of coming and going', async () => {
      const { resourceVersion } = await client.list(Thing);
      const made = await client.create(Thing, thing('x', {}, { labels: { on: 'no' } }));
      const on = await client.update(Thing, { ...made, metadata: { ...made.metadata, labels: { on: 'yes' } } });
      await client.update(Thing, { ...on, metadata: { ...on.metadata, labels: { on: 'no' } } });
      const abort = new AbortController();
      const seen: string[] = [];
      for await (const event of client.watch(Thing, resourceVersion, { labelSelector: 'on=yes' }, abort.signal)) {
        seen.push(textOf(event));
        if (seen.length === 2) abort.abort();
      }
      expect(seen).toEqual(['ADDED x', 'DELETED x']);
    });

    promise('a watch from before the window is refused with 410', async () => {
      const reading = async () => {
        for await (const event of client.watch(Thing, '1', {}, new AbortController().signal)) return textOf(event);
        return 'ended';
      };
      await client.list(Thing);
      const outcome = await reading().catch((error: unknown) => error);
      expect(outcome).toMatchObject({ code: 410, reason: 'Expired' });
    });
  });
}
