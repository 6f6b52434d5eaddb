import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { arch } from 'node:process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import { DigestMismatch } from '../blobs.ts';
import { MEDIA, architectureOf } from '../manifest.ts';
import { RootRefused } from '../made-here.ts';
import { referenceOf } from '../reference.ts';
import type { Listening, RegistryFixture } from '../registry/listening.ts';
import { digestOf, document, imageOf, listen, listenRegistry } from '../registry/listening.ts';
import { ImageMissing, ImageStore } from '../store.ts';
import { pullSecret } from './credentials.ts';
import { Puller } from './puller.ts';
import { RegistryClient, RegistryError } from './registry-client.ts';

let folder = '';
let there: ImageStore;
let here: ImageStore;
let clock: VirtualClock;
let puller: Puller;
const listening: Listening[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-pull-'));
  there = new ImageStore(join(folder, 'there'));
  here = new ImageStore(join(folder, 'here'));
  clock = new VirtualClock();
  puller = new Puller({ store: here, client: new RegistryClient({ clock }) });
});
afterEach(async () => {
  for (const one of listening.splice(0)) await one.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A registry over `there`, with what it was asked. */
async function registry(fixture: Partial<RegistryFixture> = {}) {
  const asked: string[] = [];
  const made = await listenRegistry({
    store: there,
    ...fixture,
    before(request, response) {
      asked.push(`${request.method} ${request.url?.replace(/sha256:(.{4}).*/, '$1')}`);
      return fixture.before?.(request, response) ?? false;
    },
  });
  listening.push(made);
  return { host: made.host, asked };
}

/** Puts an image into the store that the registry serves. */
async function stocked(host: string, name: string, content = 'layer') {
  const image = imageOf(content, architectureOf(arch));
  for (const bytes of [image.content, image.config.text, image.manifest.text])
    await there.blobs.writeBytes(Buffer.from(bytes));
  const { repository, tag = 'latest' } = referenceOf(`${host}/${name}`);
  await there.tag({ registry: host, repository, tag }, image.manifest.digest);
  return image;
}

const secretFor = (host: string, username: string, password: string) =>
  pullSecret(JSON.stringify({ auths: { [host]: { username, password } } }));
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test('an image that one platform made runs on another', async () => {
  const { host } = await registry();
  writeFileSync(join(folder, 'program'), 'ELF');
  await there.add(`${host}/team/fn:v1`, { executable: join(folder, 'program') });
  const digest = await puller.bring(`${host}/team/fn:v1`, 'IfNotPresent');
  expect(digest).toBe(await there.resolve(`${host}/team/fn:v1`));
  expect(await here.list()).toEqual([{ name: `${host}/team/fn:v1`, digest }]);
  expect((await here.unpack(digest)).config).toEqual({ Entrypoint: ['/ko-app/fn'], User: '65532' });
});

test('one that wants the machine’s own root is refused before anything of it is fetched', async () => {
  const { host, asked } = await registry();
  const { digest } = await there.add(`${host}/team/fn:v1`, { host: true });
  await expect(puller.bring(`${host}/team/fn:v1`, 'Always')).rejects.toThrow(RootRefused);
  expect(asked).toEqual(['GET /v2/team/fn/manifests/v1']);
  expect([await here.list(), here.blobs.has(digest)]).toEqual([[], false]);
  await here.add('ko.local/the-same', { host: true });
  expect(await puller.bring(`${host}/team/fn:v1`, 'Always')).toBe(digest);
});

test('a tag is pinned to its digest without bringing anything here', async () => {
  const { host, asked } = await registry();
  const { manifest } = await stocked(host, 'a/b:v1');
  expect(await puller.pin(`${host}/a/b:v1`)).toBe(`${host}/a/b@${manifest.digest}`);
  expect(await puller.pin(`${host}/a/b:v1@${manifest.digest}`)).toBe(`${host}/a/b@${manifest.digest}`);
  expect(asked).toEqual(['HEAD /v2/a/b/manifests/v1']);
  expect(await here.list()).toEqual([]);
});

test.each([200, 405])('a digest that the registry does not tell (%i) is computed', async (status) => {
  const { host } = await registry({
    before(request, response) {
      if (request.method !== 'HEAD') return false;
      response.writeHead(status).end();
      return true;
    },
  });
  const { manifest } = await stocked(host, 'a:v1');
  expect(await puller.pin(`${host}/a:v1`)).toBe(`${host}/a@${manifest.digest}`);
});

describe('policies', () => {
  test('what is here is not asked for again, unless always; then only what is new is fetched', async () => {
    const { host, asked } = await registry();
    const old = await stocked(host, 'a:v1', 'one');
    expect(await puller.bring(`${host}/a:v1`, 'IfNotPresent')).toBe(old.manifest.digest);
    const fresh = await stocked(host, 'a:v1', 'two');
    asked.length = 0;
    expect(await puller.bring(`${host}/a:v1`, 'IfNotPresent')).toBe(old.manifest.digest);
    expect(await puller.bring(`${host}/a:v1`, 'Never')).toBe(old.manifest.digest);
    expect(await puller.bring(`${host}/a@${old.manifest.digest}`, 'Always')).toBe(old.manifest.digest);
    expect(asked).toEqual([]);
    expect(await puller.bring(`${host}/a:v1`, 'Always')).toBe(fresh.manifest.digest);
    expect(asked.length).toBe(3);
    asked.length = 0;
    expect(await puller.bring(`${host}/a:v1`, 'Always')).toBe(fresh.manifest.digest);
    expect(asked).toEqual(['GET /v2/a/manifests/v1']);
  });

  test('never means never', async () => {
    const { host, asked } = await registry();
    await stocked(host, 'a:v1');
    await expect(puller.bring(`${host}/a:v1`, 'Never')).rejects.toThrow(ImageMissing);
    expect(asked).toEqual([]);
  });

  test.each(['ko.local/x:v1', 'dev.local/x', 'kind.local/x'])('%s is looked up in the store alone', async (image) => {
    await expect(puller.bring(image, 'Always')).rejects.toThrow(`no image ${image} in the image store`);
    await expect(puller.pin(image)).rejects.toThrow(ImageMissing);
    const { digest } = await here.add(image, { host: true });
    expect(await puller.bring(image, 'Always')).toBe(digest);
    expect(await puller.pin(image)).toBe(`${image.replace(/:v1$/, '')}@${digest}`);
  });

  test('so are the images of the own registry', async () => {
    const { host, asked } = await registry();
    const own = new Puller({ store: there, client: new RegistryClient({ clock }), isOwn: (name) => name === host });
    const { manifest } = await stocked(host, 'a:v1');
    expect(await own.bring(`${host}/a:v1`, 'Always')).toBe(manifest.digest);
    expect(await own.pin(`${host}/a:v1`)).toBe(`${host}/a@${manifest.digest}`);
    expect(asked).toEqual([]);
  });
});

test('those who ask for the same at once wait for one pull', async () => {
  const { host, asked } = await registry();
  const { manifest } = await stocked(host, 'a:v1');
  const digests = await Promise.all(Array.from({ length: 10 }, () => puller.bring(`${host}/a:v1`, 'IfNotPresent')));
  expect(new Set(digests)).toEqual(new Set([manifest.digest]));
  expect(asked.length).toBe(3);
});

test('a pull goes on while anyone waits for it, and ends with the last of them', async () => {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const held: ServerResponse[] = [];
  const { host, asked } = await registry({
    before(request, response) {
      if (!request.url?.includes('/manifests/') || held.length > 1) return false;
      held.push(response.on('close', ended.resolve));
      begun.resolve();
      return true;
    },
  });
  const patience = [new AbortController(), new AbortController()];
  const pulls = patience.map(({ signal }) => puller.bring(`${host}/a:v1`, 'Always', { signal }));
  await begun.promise;
  patience[0]?.abort(new Error('first enough'));
  await expect(pulls[0]).rejects.toThrow('first enough');
  expect(held[0]?.destroyed).toBe(false);
  patience[1]?.abort(new Error('second enough'));
  await expect(pulls[1]).rejects.toThrow('second enough');
  await ended.promise;
  expect(asked.length).toBe(1);
});

describe('an index', () => {
  const own = architectureOf(arch);
  const other = own === 'arm64' ? 'amd64' : 'arm64';

  async function stockIndex(host: string, ...architectures: string[]) {
    const images = architectures.map((architecture) => ({ architecture, image: imageOf(architecture, architecture) }));
    for (const { image } of images) {
      for (const bytes of [image.content, image.config.text, image.manifest.text])
        await there.blobs.writeBytes(Buffer.from(bytes));
    }
    const manifests = images.map(({ architecture, image }) => ({
      ...image.manifest.descriptor,
      platform: { os: 'linux', architecture },
    }));
    const index = document({ schemaVersion: 2, mediaType: MEDIA.index, manifests }, MEDIA.index);
    await there.blobs.writeBytes(Buffer.from(index.text));
    await there.tag({ registry: host, repository: 'a', tag: 'v1' }, index.digest);
    return { index, images };
  }

  test('gives the image of this machine, under the digest of the index', async () => {
    const { host } = await registry();
    const { index, images } = await stockIndex(host, other, own);
    expect(await puller.bring(`${host}/a:v1`, 'IfNotPresent')).toBe(index.digest);
    expect(await here.config(index.digest)).toEqual({ Cmd: [own] });
    expect(images.map(({ image }) => here.blobs.has(image.layer.digest))).toEqual([false, true]);
  });

  test('without one for this machine is refused with what there is', async () => {
    const { host } = await registry();
    await stockIndex(host, other);
    await expect(puller.bring(`${host}/a:v1`, 'IfNotPresent')).rejects.toThrow(
      `no variant for linux/${own}; it has linux/${other}`,
    );
    expect(await here.list()).toEqual([]);
  });
});

describe('access', () => {
  const guard: RegistryFixture['access'] = (authorization) =>
    authorization === basic('jo:secret') ? undefined : 'Basic realm="ebb"';

  test('with user and password', async () => {
    const { host } = await registry({ access: guard });
    const { manifest } = await stocked(host, 'a:v1');
    const secrets = secretFor(host, 'jo', 'secret');
    expect(await puller.bring(`${host}/a:v1`, 'Always', { secrets })).toBe(manifest.digest);
  });

  test.each([
    ['nobody', []],
    ['a wrong password', [['jo', 'wrong']]],
  ] as const)('is refused to %s', async (_, users) => {
    const { host } = await registry({ access: guard });
    await stocked(host, 'a:v1');
    const secrets = users.flatMap(([name, password]) => secretFor(host, name, password));
    const refused = puller.bring(`${host}/a:v1`, 'Always', { secrets });
    await expect(refused).rejects.toThrow(RegistryError);
    await expect(refused).rejects.toThrow(
      `GET http://${host}/v2/a/manifests/v1: 401 UNAUTHORIZED: authentication required`,
    );
  });

  test('the right one of several secrets is found, and found again without asking', async () => {
    const { host, asked } = await registry({ access: guard });
    await stocked(host, 'a:v1');
    const secrets = [...secretFor(host, 'x', 'y'), ...secretFor(host, 'jo', 'secret')];
    await puller.pin(`${host}/a:v1`, { secrets });
    expect(asked.length).toBe(3);
    await puller.pin(`${host}/a:v1`, { secrets });
    expect(asked.length).toBe(4);
  });

  test('of one is not lent to another', async () => {
    const { host } = await registry({ access: guard });
    await stocked(host, 'a:v1');
    await puller.pin(`${host}/a:v1`, { secrets: secretFor(host, 'jo', 'secret') });
    await expect(puller.pin(`${host}/a:v1`)).rejects.toThrow('401');
  });

  describe('by tokens', () => {
    /** A registry and the place its tokens come from. */
    async function tokenRegistry(isUser: (authorization: string | undefined) => boolean) {
      const requests: string[] = [];
      const issue = async (request: IncomingMessage, response: ServerResponse) => {
        const body = (await Array.fromAsync(request as AsyncIterable<Buffer>)).join('');
        requests.push([request.method, request.url, body].filter(Boolean).join(' '));
        const may = isUser(request.headers.authorization) || body.includes('refresh_token=refresh');
        response.statusCode = may ? 200 : 401;
        response.end(JSON.stringify({ token: `t${requests.length}`, expires_in: 300 }));
      };
      const tokens = await listen((request, response) => void issue(request, response));
      listening.push(tokens);
      const made = await registry({
        access: (authorization) =>
          authorization === `Bearer t${requests.length}`
            ? undefined
            : `Bearer realm="http://${tokens.host}/token",service="s"`,
      });
      return { ...made, requests };
    }

    test('for anyone, kept as long as they are good', async () => {
      const { host, requests } = await tokenRegistry(() => true);
      const { manifest } = await stocked(host, 'a/b:v1');
      expect(await puller.bring(`${host}/a/b:v1`, 'Always')).toBe(manifest.digest);
      expect(requests).toEqual(['GET /token?service=s&scope=repository%3Aa%2Fb%3Apull']);
      await clock.advance(290_000);
      await puller.pin(`${host}/a/b:v1`);
      expect(requests.length).toBe(1);
      await clock.advance(10_000);
      await puller.pin(`${host}/a/b:v1`);
      expect(requests.length).toBe(2);
    });

    test('for a user with a password', async () => {
      const { host } = await tokenRegistry((authorization) => authorization === basic('jo:secret'));
      const { manifest } = await stocked(host, 'a:v1');
      expect(await puller.bring(`${host}/a:v1`, 'Always', { secrets: secretFor(host, 'jo', 'secret') })).toBe(
        manifest.digest,
      );
      await expect(puller.pin(`${host}/a:v1`, { secrets: secretFor(host, 'jo', 'wrong') })).rejects.toThrow('401');
    });

    test('for an identity token', async () => {
      const { host, requests } = await tokenRegistry(() => false);
      const { manifest } = await stocked(host, 'a:v1');
      const secrets = pullSecret(JSON.stringify({ auths: { [host]: { identitytoken: 'refresh' } } }));
      expect(await puller.bring(`${host}/a:v1`, 'Always', { secrets })).toBe(manifest.digest);
      expect(requests[0]).toContain('POST /token grant_type=refresh_token&refresh_token=refresh');
    });

    test('that are taken back are asked for anew', async () => {
      const { host, requests } = await tokenRegistry(() => true);
      await stocked(host, 'a:v1');
      await puller.pin(`${host}/a:v1`);
      requests.push('another one');
      await puller.pin(`${host}/a:v1`);
      expect(requests.length).toBe(3);
    });
  });

  test('is not carried over to where a registry sends us for its blobs', async () => {
    const seen: (string | undefined)[] = [];
    const elsewhere = await listenRegistry({
      store: there,
      before(request) {
        seen.push(request.headers.authorization);
        return false;
      },
    });
    listening.push(elsewhere);
    const { host } = await registry({
      access: guard,
      before(request, response) {
        if (!request.url?.includes('/blobs/') || request.headers.authorization === undefined) return false;
        response.writeHead(307, { Location: `http://${elsewhere.host}${request.url}` }).end();
        return true;
      },
    });
    const { manifest } = await stocked(host, 'a:v1');
    await puller.bring(`${host}/a:v1`, 'Always', { secrets: secretFor(host, 'jo', 'secret') });
    expect(here.blobs.has(manifest.digest)).toBe(true);
    expect(seen).toEqual([undefined, undefined]);
  });

  test('is not told to a place without TLS by a registry under TLS', async () => {
    const sent: string[] = [];
    const fake: typeof fetch = async (input) => {
      sent.push(String(input instanceof Request ? input.url : input));
      return new Response('', {
        status: 401,
        headers: { 'WWW-Authenticate': 'Bearer realm="http://thief.example/token"' },
      });
    };
    const client = new RegistryClient({ clock, fetch: fake });
    const credentials = [{ username: 'jo', password: 'secret' }];
    await expect(client.digest(referenceOf('r.example/a'), { credentials })).rejects.toThrow('not under TLS');
    expect(sent).toEqual(['https://r.example/v2/a/manifests/latest']);
  });
});

describe('a registry that lies', () => {
  type Lie = (image: Awaited<ReturnType<typeof stocked>>, request: IncomingMessage) => string | undefined;

  test.each<[string, Lie, string | RegExp]>([
    [
      'about a layer',
      ({ layer }, { url }) => (url?.endsWith(layer.digest) ? 'other' : undefined),
      'but the content is sha256:',
    ],
    [
      'about the size of a layer',
      ({ layer }, { url }) => (url?.endsWith(layer.digest) ? 'x'.repeat(100) : undefined),
      'is larger than the 5 bytes',
    ],
    [
      'about a manifest',
      (_, { url }) =>
        url?.includes('/manifests/') ? document({ schemaVersion: 2, manifests: [] }, MEDIA.index).text : undefined,
      'expected sha256:',
    ],
    ['with something else', (_, { url }) => (url?.includes('/manifests/') ? '<html>' : undefined), /expected sha256:/],
  ])('%s brings nothing in', async (_, lie, message) => {
    let image: Awaited<ReturnType<typeof stocked>> | undefined;
    const { host } = await registry({
      before(request, response) {
        const told = image && lie(image, request);
        if (told !== undefined) response.end(told);
        return told !== undefined;
      },
    });
    image = await stocked(host, 'a:v1');
    await expect(puller.bring(`${host}/a@${image.manifest.digest}`, 'Always')).rejects.toThrow(message);
    expect(await here.list()).toEqual([]);
    expect(here.blobs.has(image.manifest.digest)).toBe(false);
  });

  test('is told from one that is wrong by the error', async () => {
    const { host } = await registry({
      before(request, response) {
        if (!request.url?.includes('/blobs/')) return false;
        response.end('other');
        return true;
      },
    });
    await stocked(host, 'a:v1');
    await expect(puller.bring(`${host}/a:v1`, 'Always')).rejects.toThrow(DigestMismatch);
  });

  test.each([
    ['<html>', 'is no JSON'],
    ['{"schemaVersion":1}', 'neither an image manifest nor an image index'],
    ['x'.repeat(5 * 2 ** 20), 'larger than the 4194304 bytes'],
  ])('with a manifest that is none', async (body, message) => {
    const { host } = await registry({
      before(_, response) {
        response.end(body);
        return true;
      },
    });
    await expect(puller.bring(`${host}/a:v1`, 'Always')).rejects.toThrow(message);
  });
});

describe('what cannot be had', () => {
  test('an image the registry does not have', async () => {
    const { host } = await registry();
    await expect(puller.bring(`${host}/a:v1`, 'Always')).rejects.toMatchObject({
      name: 'RegistryError',
      status: 404,
      code: 'MANIFEST_UNKNOWN',
    });
    await expect(puller.pin(`${host}/a:v1`)).rejects.toThrow(
      `GET http://${host}/v2/a/manifests/v1: 404 MANIFEST_UNKNOWN: there is no manifest v1`,
    );
  });

  test('a registry that does not answer', async () => {
    const { host } = await registry();
    await listening.pop()?.close();
    await expect(puller.bring(`${host}/a:v1`, 'Always')).rejects.toThrow(/^GET http:.*ECONNREFUSED/);
  });

  test('a name that is none', async () => {
    await expect(puller.bring('A/B', 'Always')).rejects.toThrow('is no image name');
  });

  test('after the asker has lost patience', async () => {
    const { host } = await registry({ before: () => true });
    const patience = new AbortController();
    const pull = puller.bring(`${host}/a@${digestOf('x')}`, 'Always', { signal: patience.signal });
    patience.abort(new Error('enough'));
    await expect(pull).rejects.toThrow('enough');
  });
});
