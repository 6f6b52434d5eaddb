import { join } from 'node:path';
import type { ResourceMetrics } from '#objects/mod.ts';
import { checkCases } from '../../../test/cases/check.ts';
import { hpaController } from './controller.ts';

/** Every Pod of the cases uses nine tenths of a core, the pod `quiet` next to nothing. */
const resources: ResourceMetrics = {
  pods: () =>
    ['p1', 'p2', 'quiet'].map((name) => ({
      apiVersion: 'metrics.k8s.io/v1beta1',
      kind: 'PodMetrics',
      metadata: { name, namespace: 'default' },
      timestamp: '2026-01-01T23:59:50Z',
      window: '15s',
      containers: [{ name: 'c', usage: { cpu: name === 'quiet' ? '1m' : '900m', memory: '10Mi' } }],
    })),
  nodes: () => [],
};

checkCases(join(import.meta.dirname, 'cases'), () => hpaController({ resources }));
