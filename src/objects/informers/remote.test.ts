import { expect, test } from 'vitest';
import { settle, VirtualClock } from '#base/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { expired } from '#machinery/mod.ts';
import { Thing } from '../../../test/contracts/thing-kinds.ts';
import type { Client, WatchEvent } from '../client.ts';
import { EventBuffer } from '../event-buffer.ts';
import { informersOf } from './remote.ts';

const thing = (name: string, resourceVersion: string, uid = name): Thing => ({
  apiVersion: Thing.apiVersion,
  kind: 'Thing',
  metadata: { name, namespace: 'a', uid, resourceVersion },
  spec: {},
});

/** A server of one kind whose watches the test feeds and breaks. */
class ScriptedServer {
  objects: Thing[] = [];
  revision = 1;
  /** What the next list throws. */
  down: Error | undefined;
  readonly asked: string[] = [];
  watch = new EventBuffer<WatchEvent<KubeObject>>(100);

  get client(): Client {
    return {
      list: async () => {
        this.asked.push('list');
        if (this.down) throw this.down;
        return Promise.resolve({ items: this.objects, resourceVersion: String(this.revision) });
      },
      watch: (_kind: unknown, resourceVersion: string, _options: unknown, signal: AbortSignal) => {
        this.asked.push(`watch ${resourceVersion}`);
        const watch = new EventBuffer<WatchEvent<KubeObject>>(100);
        this.watch = watch;
        signal.addEventListener('abort', () => watch.end(), { once: true });
        return watch;
      },
    } as unknown as Client;
  }
}

function begin() {
  const server = new ScriptedServer();
  const clock = new VirtualClock();
  const abort = new AbortController();
  const informers = informersOf(server.client, { clock });
  const things = informers.of(Thing);
  const heard: string[] = [];
  things.onChange(({ before, after }) => {
    const version = (object: KubeObject | undefined) => object?.metadata.resourceVersion ?? '-';
    heard.push(`${(after ?? before)?.metadata.name} ${version(before)}>${version(after)}`);
  });
  return { server, clock, abort, informers, things, heard };
}

test('a window that moved on is listed anew at once, and only the differences are told', async () => {
  const { server, abort, informers, things, heard } = begin();
  server.objects = [thing('x', '1'), thing('y', '1'), thing('z', '1')];
  await informers.start(abort.signal);
  server.objects = [thing('y', '1'), thing('z', '5'), thing('w', '6')];
  server.revision = 6;
  server.watch.fail(expired('too old resource version: 1 (4)'));
  await settle();
  expect(server.asked).toEqual(['list', 'watch 1', 'list', 'watch 6']);
  expect(heard).toEqual(['x ->1', 'y ->1', 'z ->1', 'x 1>-', 'z 1>5', 'w ->6']);
  expect(things.list().map(({ metadata }) => metadata.name)).toEqual(['y', 'z', 'w']);
  abort.abort();
});

test('a watch that ends goes on from the last revision it saw, bookmarks too', async () => {
  const { server, clock, abort, informers } = begin();
  await informers.start(abort.signal);
  server.watch.push({ type: 'ADDED', object: thing('x', '3') });
  server.watch.end();
  await settle();
  server.watch.push({ type: 'BOOKMARK', resourceVersion: '9' });
  await clock.advance(5000);
  server.watch.end();
  await settle();
  expect(server.asked).toEqual(['list', 'watch 1', 'watch 3', 'watch 9']);
  abort.abort();
});

test('a watch that ends at once without a word is not asked again at once', async () => {
  const { server, clock, abort, informers } = begin();
  await informers.start(abort.signal);
  server.watch.end();
  await settle();
  expect(server.asked).toEqual(['list', 'watch 1']);
  await clock.advance(1000);
  expect(server.asked).toEqual(['list', 'watch 1', 'watch 1']);
  abort.abort();
});

test('a server that is away is asked ever more rarely, and the cache stays meanwhile', async () => {
  const { server, clock, abort, informers, things } = begin();
  server.objects = [thing('x', '1')];
  await informers.start(abort.signal);
  server.down = new Error('connect ECONNREFUSED');
  server.watch.fail(new Error('socket hang up'));
  await settle();
  expect(things.list()).toHaveLength(1);
  const lists = () => server.asked.filter((asked) => asked === 'list').length;
  await clock.advance(800);
  expect(lists()).toBe(2);
  await clock.advance(1600);
  expect(lists()).toBe(3);
  server.down = undefined;
  await clock.advance(3200);
  expect(lists()).toBe(4);
  expect(server.asked.at(-1)).toBe('watch 1');
  abort.abort();
});

test('start waits for the first list and gives up with its signal', async () => {
  const { server, abort, informers, things } = begin();
  server.down = new Error('connect ECONNREFUSED');
  const starting = informers.start(abort.signal);
  await settle();
  expect(things.synced).toBe(false);
  abort.abort(new Error('enough'));
  await expect(starting).rejects.toThrow('enough');
});
