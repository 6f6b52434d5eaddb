import { seededRandom, VirtualClock } from '#base/mod.ts';
import type { ServicePlaces } from '#events/mod.ts';
import { expect, test } from 'vitest';
import { Places, serviceOf } from './places.ts';

test.each([
  ['a.ns.svc.cluster.local', { name: 'a', namespace: 'ns', port: 80, isSure: true }],
  ['a.ns.svc', { name: 'a', namespace: 'ns', port: 80, isSure: true }],
  ['a.ns', { name: 'a', namespace: 'ns', port: 80, isSure: false }],
  ['example.com', { name: 'example', namespace: 'com', port: 80, isSure: false }],
  ['localhost', undefined],
  ['127.0.0.1', undefined],
  ['a.b.example.com', undefined],
  ['a.ns.svc.example.com', undefined],
])('%s', (host, service) => {
  expect(serviceOf(host, 80)).toEqual(service);
});

const A = { host: '10.0.0.1', port: 8080 };
const B = { host: '10.0.0.2', port: 8080 };

function placesOf(told: Record<string, ServicePlaces | Error>) {
  const clock = new VirtualClock();
  const asked: string[] = [];
  const places = new Places({
    clock,
    random: seededRandom(1),
    ask: async ({ namespace, name }) => {
      asked.push(`${namespace}/${name}`);
      const answer = told[`${namespace}/${name}`] ?? { kind: 'unknown' };
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { clock, asked, places, told };
}

test('the endpoints of a Service by turns, asked for once a second', async () => {
  const { places, asked, clock } = placesOf({ 'ns/a': { kind: 'endpoints', places: [A, B] } });
  const found = await Promise.all(Array.from({ length: 20 }, () => places.find('a.ns.svc', 80)));
  expect(new Set(found)).toEqual(new Set([A, B]));
  expect(asked).toEqual(['ns/a']);
  await clock.advance(1000);
  await places.find('a.ns.svc', 80);
  expect(asked).toHaveLength(2);
});

test('at once where something went wrong there', async () => {
  const { places, asked } = placesOf({ 'ns/a': { kind: 'endpoints', places: [A] } });
  await places.find('a.ns.svc', 80);
  places.forget('a.ns.svc', 80);
  await places.find('a.ns.svc', 80);
  expect(asked).toHaveLength(2);
});

test('what was told last, while nobody can be asked', async () => {
  const { places, clock, told } = placesOf({ 'ns/a': { kind: 'endpoints', places: [A] } });
  await places.find('a.ns.svc', 80);
  told['ns/a'] = new Error('the control process left');
  await clock.advance(5000);
  expect(await places.find('a.ns.svc', 80)).toEqual(A);
  await expect(places.find('a.ns.svc', 81)).rejects.toThrow('left');
});

test('another name is followed, in the cluster and out of it', async () => {
  const { places } = placesOf({
    'ns/a': { kind: 'alias', host: 'b.ns.svc.cluster.local' },
    'ns/b': { kind: 'endpoints', places: [B] },
    'ns/c': { kind: 'alias', host: 'www.example.com' },
    'ns/d': { kind: 'alias', host: 'd.ns.svc' },
  });
  expect(await places.find('a.ns.svc', 80)).toEqual(B);
  expect(await places.find('c.ns.svc', 80)).toEqual({ host: 'www.example.com', port: 80 });
  await expect(places.find('d.ns.svc', 80)).rejects.toThrow('one of too many names');
});

test('two words that are no Service may be a name of the world; a Service that is not there is none', async () => {
  const { places } = placesOf({ 'ns/empty': { kind: 'endpoints', places: [] } });
  expect(await places.find('example.com', 443)).toEqual({ host: 'example.com', port: 443 });
  await expect(places.find('nobody.ns.svc', 80)).rejects.toThrow('there is no Service ns/nobody with port 80');
  await expect(places.find('empty.ns.svc', 80)).rejects.toThrow('no endpoint of empty.ns.svc is ready');
});
