// What a Revision runs: a pod spec as far as Knative lets one be written, and how requests are given to it.

import type { Schema, TemplateMeta } from '#machinery/mod.ts';
import { flag, int64, list, listByKey, map, object, text, TemplateMetaSchema } from '#machinery/mod.ts';
import type { Container } from '../core/container.ts';
import type { PodSpec } from '../core/pod-spec.ts';
import { blob, RevisionContainerSchema } from './revision-container.ts';
import { RevisionVolumeSchema } from './revision-volume.ts';

type PodPart = Pick<
  PodSpec,
  | 'affinity'
  | 'automountServiceAccountToken'
  | 'containers'
  | 'dnsConfig'
  | 'dnsPolicy'
  | 'enableServiceLinks'
  | 'hostAliases'
  | 'hostIPC'
  | 'hostNetwork'
  | 'hostPID'
  | 'imagePullSecrets'
  | 'initContainers'
  | 'nodeSelector'
  | 'priorityClassName'
  | 'runtimeClassName'
  | 'schedulerName'
  | 'securityContext'
  | 'serviceAccountName'
  | 'shareProcessNamespace'
  | 'tolerations'
  | 'topologySpreadConstraints'
  | 'volumes'
>;

export interface RevisionSpec extends PodPart {
  /** Requests one instance may hold at once; 0 is no limit. */
  containerConcurrency?: number | undefined;
  /** How long a request may take until its first byte must have come back. */
  timeoutSeconds?: number | undefined;
  /** How long the container may take to begin its answer. */
  responseStartTimeoutSeconds?: number | undefined;
  /** How long an answer may stand still. */
  idleTimeoutSeconds?: number | undefined;
}

export const RevisionSpecSchema = object({
  affinity: blob(),
  automountServiceAccountToken: flag(),
  containerConcurrency: int64().doc('Requests one instance may hold at once; 0 is no limit.'),
  containers: list(RevisionContainerSchema).required(),
  dnsConfig: blob(),
  dnsPolicy: text(),
  enableServiceLinks: flag(),
  hostAliases: list(blob()),
  hostIPC: flag(),
  hostNetwork: flag(),
  hostPID: flag(),
  idleTimeoutSeconds: int64().doc('How long an answer may stand still, in seconds.'),
  imagePullSecrets: listByKey(object({ name: text().default('') }).with({ atomic: true }), 'name'),
  initContainers: list(blob()),
  nodeSelector: map(text()).with({ atomic: true }),
  priorityClassName: text(),
  responseStartTimeoutSeconds: int64().doc('How long the container may take to begin its answer, in seconds.'),
  runtimeClassName: text(),
  schedulerName: text(),
  securityContext: blob(),
  serviceAccountName: text(),
  shareProcessNamespace: flag(),
  timeoutSeconds: int64().doc('How long a request may take, in seconds.'),
  tolerations: list(blob()),
  topologySpreadConstraints: list(blob()),
  volumes: listByKey(RevisionVolumeSchema, 'name'),
}) as unknown as Schema<RevisionSpec>;

/** What a Configuration stamps Revisions from. Defaults give it a spec where it has none. */
export interface RevisionTemplate {
  metadata?: TemplateMeta | undefined;
  spec: RevisionSpec;
}

export const RevisionTemplateSchema = object({
  metadata: TemplateMetaSchema,
  spec: RevisionSpecSchema,
}) as unknown as Schema<RevisionTemplate>;

/** The container that takes requests: the one that names a port, else the first. */
export function servingContainerOf(containers: readonly Container[]): Container | undefined {
  return containers.find(({ ports = [] }) => ports.length > 0) ?? containers[0];
}
