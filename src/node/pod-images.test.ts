import { expect, test } from 'vitest';
import type { Container } from '#kinds/mod.ts';
import type { ContainerRuns } from './container.ts';
import { PodImages, pullPauses } from './pod-images.ts';
import { lifeScene } from './pod-life.fixture.ts';
import type { ReadyImage } from './pod-ports.ts';

const image: ReadyImage = { digest: 'sha256:1', rootfs: 'host', config: {} };
const container: Container = { name: 'c', image: 'hello' };

function scene(bring: (tries: number) => Promise<ReadyImage>) {
  let tries = 0;
  const { life, clock, said } = lifeScene({}, { images: { bring: () => bring(++tries) } });
  const waits: string[] = [];
  const runs = { container, imageID: '', wait: (reason: string) => waits.push(reason) };
  const images = new PodImages(life);
  return { life, clock, said, waits, images, runs: runs as unknown as ContainerRuns, tries: () => tries };
}

test('one that cannot be had is asked for ever less often, up to every five minutes', () => {
  const pauses = [1, 2, 3, 4, 5, 6, 7, 99].map((failures) => pullPauses(failures));
  expect(pauses.map(({ backOffMs }) => backOffMs / 1000)).toEqual([10, 20, 40, 80, 160, 300, 300, 300]);
  expect(new Set(pauses.map(({ errorMs }) => errorMs))).toEqual(new Set([1000]));
});

test('meanwhile its container waits in kubelet’s words', async () => {
  const { clock, said, waits, images, runs } = scene((tries) =>
    tries < 3 ? Promise.reject(new Error('no such image')) : Promise.resolve(image),
  );
  void images.bring(runs);
  await clock.advance(0);
  expect(waits).toEqual(['ErrImagePull']);
  await clock.advance(1000 + 10_000);
  expect(waits).toEqual(['ErrImagePull', 'ImagePullBackOff', 'ErrImagePull']);
  await clock.advance(1000 + 20_000);
  expect([runs.imageID, clock.nextDue]).toEqual(['sha256:1', undefined]);
  expect(said[0]).toBe('Warning Failed: Failed to pull image "hello": no such image');
});

test('what was asked for ahead serves the first run, what was asked for before it too; later runs ask anew', async () => {
  const { images, runs, tries } = scene(() => Promise.resolve(image));
  images.askAhead(runs);
  await images.bring(runs);
  await images.take(container);
  expect(tries()).toBe(1);
  await images.take(container);
  expect(tries()).toBe(2);
});

test('nothing is asked for, and nothing said, once the Pod stops', async () => {
  const { life, said, waits, images, runs, tries } = scene(() => new Promise(() => {}));
  const brought = images.bring(runs);
  life.end();
  await brought;
  await images.bring(runs);
  expect([tries(), said, waits]).toEqual([1, [], []]);
});
