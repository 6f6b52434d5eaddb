import { expect, test } from 'vitest';
import { Undo } from './undo.ts';

test('steps are undone last first and once, also where one of them fails', async () => {
  const undo = new Undo();
  const done: string[] = [];
  undo.add(() => void done.push('lock'));
  undo.add(async () => Promise.reject(new Error('the store did not close')));
  undo.add(async () => void done.push('api'));
  await expect(undo.run()).rejects.toThrow('the store did not close');
  await undo.run();
  expect(done).toEqual(['api', 'lock']);
});

test('of several failures each is told', async () => {
  const undo = new Undo();
  for (const name of ['a', 'b']) undo.add(() => Promise.reject(new Error(name)));
  await expect(undo.run()).rejects.toMatchObject({ errors: [{ message: 'b' }, { message: 'a' }] });
});
