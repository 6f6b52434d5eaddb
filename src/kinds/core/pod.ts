// A Pod: containers that run together on the node.

import type { ObjectOf } from '#machinery/mod.ts';
import { defineKind } from '#machinery/mod.ts';
import { HOST_PORTS_ANNOTATION } from '../labels.ts';
import { checkPodSpec } from './check-pod.ts';
import { checkPodUpdate } from './check-pod-update.ts';
import { podColumns } from './pod-columns.ts';
import { defaultPod, qosClass } from './pod-defaults.ts';
import { PodSpecSchema } from './pod-spec.ts';
import { PodStatusSchema } from './pod-status.ts';

export const Pod = defineKind({
  apiVersion: 'v1',
  kind: 'Pod',
  names: { plural: 'pods', short: ['po'], categories: ['all'] },
  scope: 'Namespaced',
  doc: 'Pod is a collection of containers that run together on a node.',
  spec: PodSpecSchema,
  status: PodStatusSchema,
  columns: podColumns,
  lossy: 'status',
  statusAnnotations: [HOST_PORTS_ANNOTATION],
  selectableFields: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  defaults(pod, { operation }) {
    defaultPod(pod.spec);
    if (operation === 'CREATE') pod.status = { ...pod.status, phase: 'Pending', qosClass: qosClass(pod.spec) };
  },
  validate({ spec }, problems, { subresource }, before) {
    if (subresource === 'status' || spec === before?.spec) return;
    checkPodSpec(problems.under('spec'), spec);
    if (before) checkPodUpdate(problems, spec, before.spec);
  },
  gracePeriodSeconds: ({ spec, status }) => {
    if (!spec.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return 0;
    return spec.terminationGracePeriodSeconds ?? 30;
  },
});
export type Pod = ObjectOf<typeof Pod>;
