import { describe, expect, test } from 'vitest';
import type { ContainerState, Pod } from '#kinds/mod.ts';
import { QUEUE_CONTAINER } from '#kinds/mod.ts';
import { runAsked, sourceAsked } from './log-choice.ts';

function podOf(names: readonly string[], init: readonly string[] = [], byDefault?: string): Pod {
  const containers = (list: readonly string[]) => list.map((name) => ({ name, image: 'hello' }));
  const annotations: Record<string, string> = byDefault ? { 'kubectl.kubernetes.io/default-container': byDefault } : {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', annotations },
    spec: { containers: containers(names), initContainers: containers(init) },
  };
}

describe('the container', () => {
  test.each([
    ['the only one', podOf(['c']), undefined, 'c'],
    ['the one that is named', podOf(['c', 'd']), 'd', 'd'],
    ['an init container', podOf(['c'], ['i']), 'i', 'i'],
    ['the one that the Pod names by default', podOf(['c', 'd'], [], 'd'), undefined, 'd'],
    ['one that has the name of the proxy', podOf(['c', QUEUE_CONTAINER]), QUEUE_CONTAINER, QUEUE_CONTAINER],
  ])('%s', (_, pod, asked, name) => {
    expect(sourceAsked(pod, asked)).toEqual({ kind: 'container', name });
  });

  test('the name of the proxy means the requests where no container has it', () => {
    expect(sourceAsked(podOf(['c']), QUEUE_CONTAINER)).toEqual({ kind: 'requests' });
  });

  test.each([
    [
      'one of several that is not named',
      podOf(['c', 'd'], ['i']),
      undefined,
      'a container name must be specified for pod p, choose one of: [i c d]',
    ],
    ['one that there is not', podOf(['c']), 'x', 'container x is not valid for pod p'],
    ['a default that there is not', podOf(['c', 'd'], [], 'x'), undefined, 'container x is not valid for pod p'],
  ])('%s is refused', (_, pod, asked, message) => {
    expect(() => sourceAsked(pod, asked)).toThrow(message);
  });
});

describe('the run', () => {
  const running: ContainerState = { running: { startedAt: '2026-01-01T00:00:00Z' } };
  const waiting: ContainerState = { waiting: { reason: 'CrashLoopBackOff' } };
  const ended: ContainerState = { terminated: { exitCode: 0 } };
  const asked = (last: number, state: ContainerState | undefined, isPrevious: boolean) =>
    runAsked({ pod: 'p', container: 'c', last, state }, isPrevious);

  test.each([
    ['the present one', 2, running, false, 2],
    ['the one before', 2, running, true, 1],
    ['the last one, where the next is waited for', 2, waiting, false, 1],
    ['the one before, where the next is waited for', 2, waiting, true, 1],
    ['the last one, where it has ended', 0, ended, false, 0],
    ['the first one, where nothing is known of it', 0, undefined, false, 0],
  ])('%s', (_, last, state, isPrevious, wanted) => {
    expect(asked(last, state, isPrevious)).toBe(wanted);
  });

  test.each<[string, ContainerState, boolean, string]>([
    ['one that waits', waiting, false, 'container "c" in pod "p" is waiting to start: CrashLoopBackOff'],
    ['one that waits for nothing special', { waiting: {} }, false, 'is waiting to start: ContainerCreating'],
    ['one before the first', running, true, 'previous terminated container "c" in pod "p" not found'],
    ['one before the first that waits', waiting, true, 'previous terminated container "c" in pod "p" not found'],
  ])('%s is refused', (_, state, isPrevious, message) => {
    expect(() => asked(0, state, isPrevious)).toThrow(message);
  });
});
