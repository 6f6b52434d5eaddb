// The life of a Pod for tests of its parts: a clock that is told, a world that the test makes, and what was said on the way.

import { VirtualClock } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import { PodLife } from './pod-life.ts';
import type { PodPorts } from './pod-ports.ts';

export interface LifeScene {
  readonly life: PodLife;
  readonly clock: VirtualClock;
  /** Events and warnings in their order. */
  readonly said: string[];
}

/** A port that the test did not give must not be used. */
export function lifeScene(spec: Partial<Pod['spec']> = {}, ports: Partial<PodPorts> = {}, folder = ''): LifeScene {
  const clock = new VirtualClock();
  const said: string[] = [];
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'ns', uid: 'u' },
    spec: { containers: [], ...spec },
  };
  const whole: Partial<PodPorts> = {
    clock,
    folder,
    facts: { nodeName: 'here', hostIP: '127.0.0.1' },
    event: (_, type, reason, message) => said.push(`${type} ${reason}: ${message}`),
    warn: (message, fields) => said.push(`${message} ${JSON.stringify(fields)}`),
    ...ports,
  };
  return { life: new PodLife(whole as PodPorts, () => pod), clock, said };
}
