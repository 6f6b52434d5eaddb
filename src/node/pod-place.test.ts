import { describe, expect, test } from 'vitest';
import { HOST_PORTS_ANNOTATION } from '#kinds/mod.ts';
import type { Launcher, Sandbox } from './launcher.ts';
import { lifeScene } from './pod-life.fixture.ts';
import { PodPlace } from './pod-place.ts';

const sandbox: Sandbox = { podUid: 'u', address: '10.0.0.2', hostPorts: {} };

interface World {
  readonly prepare?: () => Promise<Sandbox>;
  readonly discard?: () => Promise<void>;
}

function scene({ prepare = () => Promise.resolve(sandbox), discard = () => Promise.resolve() }: World = {}) {
  const launcher: Partial<Launcher> = { prepare, discard };
  const story: string[] = [];
  const { life, clock, said } = lifeScene(
    {},
    {
      launcher: launcher as Launcher,
      note: (uid, record) => story.push(`note ${uid} ${record === undefined ? 'nothing' : 'something'}`),
    },
  );
  const place = new PodPlace(life, {
    changed: () => story.push(`changed ${place.sandbox?.address}`),
    heldUp: (message) => story.push(`held up: ${message}`),
  });
  return { place, life, clock, said, story };
}

describe('is made', () => {
  test('at once, and gives the Pod its address', async () => {
    const { place, story } = scene();
    expect(place.facts.podIP).toBe('');
    await place.make();
    expect([place.facts.podIP, story]).toEqual(['10.0.0.2', ['changed 10.0.0.2']]);
  });

  test('and the API is told of its ports, where they are others', async () => {
    const made = { ...sandbox, hostPorts: { 8080: 4001 } };
    const { place } = scene({ prepare: () => Promise.resolve(made) });
    expect(place.annotations).toEqual({});
    await place.make();
    expect(place.annotations).toEqual({ [HOST_PORTS_ANNOTATION]: '{"8080":4001}' });
    place.move({ 8080: 8080 });
    expect(place.annotations).toEqual({ [HOST_PORTS_ANNOTATION]: '{"8080":8080}' });
  });

  test('again, ever less often, where it could not be', async () => {
    let tries = 0;
    const { place, clock, said, story } = scene({
      prepare: () => (++tries < 4 ? Promise.reject(new Error('no addresses left')) : Promise.resolve(sandbox)),
    });
    void place.make();
    await clock.advance(0);
    expect(said).toEqual(['Warning FailedCreatePodSandBox: Failed to create pod sandbox: no addresses left']);
    expect(story).toEqual(['held up: no addresses left']);
    const after: number[] = [];
    for (const ms of [1000, 2000, 4000]) {
      await clock.advance(ms - 1);
      const before = tries;
      await clock.advance(1);
      after.push(tries - before);
    }
    expect([after, place.sandbox]).toEqual([[1, 1, 1], sandbox]);
  });

  test('no more, once the Pod stops', async () => {
    let tries = 0;
    const { place, life, clock } = scene({
      prepare: () => {
        tries += 1;
        return Promise.reject(new Error('no'));
      },
    });
    const made = place.make();
    await clock.advance(0);
    life.end();
    await made;
    expect([tries, clock.nextDue]).toEqual([1, undefined]);
  });
});

test.each([
  ['before it is made', undefined, { host: '127.0.0.1', port: 8080 }],
  ['at its own address', sandbox, { host: '10.0.0.2', port: 8080 }],
  ['at another port', { ...sandbox, hostPorts: { 8080: 4001 } }, { host: '10.0.0.2', port: 4001 }],
  ['of which another port has another', { ...sandbox, hostPorts: { 9090: 4001 } }, { host: '10.0.0.2', port: 8080 }],
])('a port %s', (_, made, wanted) => {
  const { place } = scene();
  if (made) place.take(made);
  expect(place.addressOf(8080)).toEqual(wanted);
});

test('of an earlier platform is made anew where it is no good, also if that cannot be taken away', async () => {
  const { place, said, story } = scene({ discard: () => Promise.reject(new Error('busy')) });
  place.take({ ...sandbox, address: '10.0.0.1' });
  await place.refuse();
  await place.make();
  expect([place.facts.podIP, story]).toEqual(['10.0.0.2', ['changed 10.0.0.2']]);
  expect(said).toEqual(['the place of a Pod could not be taken away {"pod":"ns/p","error":"busy"}']);
});

test('is given up even where it cannot be taken away, and nothing of it is noted any more', async () => {
  const { place, said, story } = scene({ discard: () => Promise.reject(new Error('busy')) });
  place.take(sandbox);
  await place.discard();
  expect([place.sandbox, story]).toEqual([undefined, ['note u nothing']]);
  expect(said).toEqual(['the place of a Pod could not be taken away {"pod":"ns/p","error":"busy"}']);
});
