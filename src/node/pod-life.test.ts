import { expect, test } from 'vitest';
import { settle } from '#base/mod.ts';
import { StartProblem } from './container.ts';
import { lifeScene } from './pod-life.fixture.ts';

test('its folder and its name are those of the Pod', () => {
  const { life, said } = lifeScene({}, {}, '/pods');
  life.warn('it went wrong', new Error('no'));
  expect([life.uid, life.folder, said]).toEqual(['u', '/pods/u', ['it went wrong {"pod":"ns/p","error":"no"}']]);
});

test('timers run while it lasts, and none after', async () => {
  const { life, clock } = lifeScene();
  const ran: string[] = [];
  life.after(1000, () => ran.push('soon'));
  life.after(-5, () => ran.push('late already'));
  life.after(60_000, () => ran.push('never'));
  await clock.advance(1000);
  life.end();
  await clock.advance(60_000);
  expect([ran, clock.nextDue]).toEqual([['late already', 'soon'], undefined]);
});

test('a pause ends with it', async () => {
  const { life, clock } = lifeScene();
  let paused = 0;
  void life.pause(1000).then(() => (paused += 1));
  await clock.advance(1000);
  expect(paused).toBe(1);
  const long = life.pause(60_000);
  life.end();
  await long;
  await life.pause(60_000);
  expect(life.isOver).toBe(true);
});

test('what is asked for comes, or fails, as long as it lasts', async () => {
  const { life } = lifeScene();
  expect(await life.unlessOver(Promise.resolve(1))).toBe(1);
  await expect(life.unlessOver(Promise.reject(new Error('no')))).rejects.toThrow('no');
  const never = life.unlessOver(new Promise(() => {}));
  life.end();
  await expect(never).rejects.toThrow(StartProblem);
  await expect(life.unlessOver(Promise.resolve(1))).rejects.toThrow('the Pod is being stopped');
});

test('what is asked for of a Pod that stops may fail unheard', async () => {
  const { life } = lifeScene();
  life.end();
  const asked = Promise.withResolvers<never>();
  await expect(life.unlessOver(asked.promise)).rejects.toThrow(StartProblem);
  asked.reject(new Error('no'));
  await settle();
});

test('a note that cannot be written is told, and stops nothing', () => {
  const note = () => {
    throw new Error('the disk is full');
  };
  const { life, said } = lifeScene({}, { note });
  life.note(undefined);
  expect(said).toEqual(['what runs of a Pod could not be noted {"pod":"ns/p","error":"the disk is full"}']);
});
