import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import { makingsByName, rootRefusal, RootRefused } from './made-here.ts';
import type { Making } from './made-here.ts';
import { referenceOf } from './reference.ts';
import { ImageStore } from './store.ts';

const HOURS_MS = 2 * 3_600_000;

describe('who gets the machine’s root', () => {
  test.each<[string, Omit<Making, 'digest'>[], string | undefined, RegExp | undefined]>([
    ['nobody, of what was not made here', [], 'shop', /only images made on this machine get.*ebb deploy FOLDER/],
    ['everybody, of what was made for all', [{}], 'shop', undefined],
    ['even who does not say where', [{}], undefined, undefined],
    ['the namespace that it was made for', [{ namespace: 'shop' }], 'shop', undefined],
    ['each that it was made for', [{ namespace: 'a' }, { namespace: 'shop' }], 'shop', undefined],
    ['no other', [{ namespace: 'b' }, { namespace: 'a' }], 'shop', /for namespace a, b, not for shop.*-n shop/],
    ['nor who does not say where', [{ namespace: 'a' }], undefined, /made for namespace a, not for every one/],
  ])('%s', (_, makings, namespace, refusal) => {
    const said = rootRefusal(makings, namespace);
    if (refusal) expect(said).toMatch(refusal);
    else expect(said).toBeUndefined();
  });
});

describe('what an older version made, by its names', () => {
  const [A, B] = ['a', 'b'].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string];
  test.each<[string, [string, string][], Making[]]>([
    ['a deployment', [['dev.local/shop/fn:latest', A]], [{ digest: A, namespace: 'shop' }]],
    [
      'its earlier revisions',
      [
        ['dev.local/shop/fn:latest', A],
        [`dev.local/shop/fn@${B}`, B],
      ],
      [
        { digest: A, namespace: 'shop' },
        { digest: B, namespace: 'shop' },
      ],
    ],
    [
      'no digest by a name that was never deployed',
      [
        ['dev.local/shop/fn:latest', A],
        [`dev.local/evil/fn@${B}`, B],
        [`dev.local/fn@${B}`, B],
      ],
      [{ digest: A, namespace: 'shop' }],
    ],
    ['what was added by hand', [['ko.local/host:latest', A]], [{ digest: A }]],
    ['… under a short name', [['dev.local/host:v1', A]], [{ digest: A }]],
    [
      'but not by its digest, which anybody names',
      [
        ['ko.local/a/b:v1', A],
        [`ko.local/a/b@${B}`, B],
      ],
      [{ digest: A }],
    ],
    [
      'nothing that was pushed or pulled',
      [
        ['localhost:5050/shop/fn:latest', A],
        ['index.docker.io/shop/fn:latest', B],
      ],
      [],
    ],
    ['nothing that has no name', [['dev.local/NO/name', A]], []],
  ])('%s', (_, names, makings) => {
    expect(makingsByName(names.map(([name, digest]) => ({ name, digest })))).toEqual(makings);
  });
});

describe('a store', () => {
  let folder = '';
  let store: ImageStore;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ebb-made-'));
    mkdirSync(join(folder, 'source'));
    writeFileSync(join(folder, 'source', 'main.js'), 'x');
    store = open();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const open = (clock?: VirtualClock) => new ImageStore(join(folder, 'store'), clock);
  const made = (name: string, namespace?: string) =>
    store.add(name, { folder: join(folder, 'source') }, {}, namespace).then(({ digest }) => digest);
  /** What came from elsewhere with the very bytes of an image of a folder. */
  async function carried(name: string): Promise<string> {
    const elsewhere = new ImageStore(join(folder, 'elsewhere'));
    const { digest } = await elsewhere.add('a/b', { folder: join(folder, 'source') });
    for (const blob of readdirSync(join(folder, 'elsewhere', 'blobs', 'sha256')))
      await store.blobs.write(elsewhere.blobs.stream(`sha256:${blob}`), `sha256:${blob}`);
    await store.tag(referenceOf(name), digest);
    return digest;
  }

  test('gives an image that came from elsewhere no root of the machine, until the same is made here', async () => {
    await store.noteOlder();
    const digest = await carried('localhost:5050/me/fn:v1');
    await expect(store.unpack(digest, 'default')).rejects.toThrow(RootRefused);
    // What is said to be here by another name is not made here by that.
    for (const name of [`dev.local/default/fn@${digest}`, 'dev.local/default/fn:latest'])
      await store.tag(referenceOf(name), digest);
    await open().noteOlder();
    await expect(open().unpack(digest, 'default')).rejects.toThrow(RootRefused);
    expect(await made('dev.local/default/fn', 'default')).toBe(digest);
    expect(await store.unpack(digest, 'default')).toMatchObject({ rootfs: 'host' });
  });

  test('keeps each image to its namespaces, also for those who open it later', async () => {
    const digest = await made('dev.local/shop/fn', 'shop');
    await expect(open().unpack(digest, 'till')).rejects.toThrow('made for namespace shop, not for till');
    await expect(open().unpack(digest)).rejects.toThrow(RootRefused);
    await made('dev.local/till/fn', 'till');
    for (const namespace of ['shop', 'till'])
      expect(await open().unpack(digest, namespace)).toMatchObject({ rootfs: 'host' });
    await made('ko.local/fn');
    expect(await open().unpack(digest, 'other')).toMatchObject({ rootfs: 'host' });
  });

  test('asks nobody whose root is the image’s own', async () => {
    writeFileSync(join(folder, 'program'), 'ELF');
    const { digest } = await store.add('ko.local/x', { executable: join(folder, 'program') });
    expect((await store.unpack(digest, 'any')).overlay).toBeUndefined();
    expect(readdirSync(join(folder, 'store'))).not.toContain('made');
  });

  test('keeps its notes through a prune as long as the image is here, and no longer', async () => {
    const digest = await made('dev.local/shop/fn', 'shop');
    const later = open(new VirtualClock(Date.now() + HOURS_MS));
    await later.prune({ allRoots: true });
    expect(await later.unpack(digest, 'shop')).toMatchObject({ rootfs: 'host' });
    await later.remove('dev.local/shop/fn');
    await later.prune();
    expect(readdirSync(join(folder, 'store', 'made'))).toEqual([]);
  });

  test('of an older version is gone through once: what was deployed runs on, what was pushed does not', async () => {
    const deployed = await made('dev.local/shop/fn', 'shop');
    writeFileSync(join(folder, 'source', 'main.js'), 'y');
    const pushed = await made('localhost:5050/fn');
    rmSync(join(folder, 'store', 'made'), { recursive: true });
    const broken = await store.blobs.writeBytes(Buffer.from('half a manif'));
    await store.tag(referenceOf('ko.local/broken'), broken.digest);
    await open().noteOlder();
    expect(await store.unpack(deployed, 'shop')).toMatchObject({ rootfs: 'host' });
    await expect(store.unpack(deployed, 'till')).rejects.toThrow(RootRefused);
    await expect(store.unpack(pushed, 'shop')).rejects.toThrow(RootRefused);
    // A name that comes after that proves nothing any more.
    await store.tag(referenceOf('dev.local/shop/fn:latest'), pushed);
    await open().noteOlder();
    await expect(store.unpack(pushed, 'shop')).rejects.toThrow(RootRefused);
  });

  test.each([
    ['alone', () => [made('dev.local/shop/other', 'shop')]],
    ['while another process does the same', () => [made('dev.local/shop/other', 'shop'), open().noteOlder()]],
  ])('of an older version is gone through before the first image is made, %s', async (_, act) => {
    const deployed = await made('dev.local/shop/fn', 'shop');
    rmSync(join(folder, 'store', 'made'), { recursive: true });
    writeFileSync(join(folder, 'source', 'main.js'), 'y');
    await Promise.all(act());
    expect(await store.unpack(deployed, 'shop')).toMatchObject({ rootfs: 'host' });
    expect(readdirSync(join(folder, 'store', 'made')).length).toBe(2);
    expect(readdirSync(join(folder, 'store')).filter((name) => name.startsWith('made'))).toEqual(['made']);
  });
});
