// What the API fills into a Pod, and into every template of Pods (k8s.io/kubernetes/pkg/apis/core/v1/defaults.go).

import type { Container, ResourceList } from './container.ts';
import type { PodSpec, PodTemplateSpec, Toleration } from './pod-spec.ts';
import type { HttpGetAction, Lifecycle, Probe } from './probe.ts';
import type { Volume } from './volume.ts';

/** Fills in what every pod spec has, be it a Pod's own or a template's. */
export function defaultPodSpec(spec: PodSpec): void {
  spec.containers ??= [];
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.restartPolicy ||= 'Always';
  spec.schedulerName ||= 'default-scheduler';
  spec.terminationGracePeriodSeconds ??= 30;
  spec.securityContext ??= {};
  if (spec.serviceAccount && !spec.serviceAccountName) spec.serviceAccountName = spec.serviceAccount;
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  for (const container of containersOf(spec)) defaultContainer(container);
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  if (spec.hostNetwork) for (const container of containersOf(spec)) takeHostPorts(container);
}

/** Fills in what a template of Pods has. */
export function defaultPodTemplate(template: PodTemplateSpec | undefined): void {
  if (!template) return;
  template.spec ??= { containers: [] };
  defaultPodSpec(template.spec);
}

/** Fills in what only a Pod itself has: requests from limits, and what admission adds to every Pod. */
export function defaultPod(spec: PodSpec): void {
  defaultPodSpec(spec);
  spec.enableServiceLinks ??= true;
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) requestWhatIsLimited(container);
  spec.serviceAccountName ||= 'default';
  spec.serviceAccount = spec.serviceAccountName;
  spec.preemptionPolicy ??= 'PreemptLowerPriority';
  spec.priority ??= 0;
  spec.tolerations = tolerant(spec.tolerations ?? []);
}

function containersOf(spec: PodSpec): Container[] {
  return [...(spec.containers ?? []), ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])];
}

/** The tag an image reference names; `latest` where it names neither tag nor digest. */
export function imageTag(image: string): string {
  if (image.includes('@')) return '';
  const last = image.slice(image.lastIndexOf('/') + 1);
  const colon = last.indexOf(':');
  return colon < 0 ? 'latest' : last.slice(colon + 1);
}

function pullPolicy(image: string): string {
  return imageTag(image) === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultContainer(container: Container): void {
  container.imagePullPolicy ||= pullPolicy(container.image ?? '');
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
  container.resources ??= {};
  for (const port of container.ports ?? []) port.protocol ||= 'TCP';
  for (const { valueFrom } of container.env ?? []) if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ||= 'v1';
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) defaultProbe(probe);
  defaultLifecycle(container.lifecycle);
}

function defaultProbe(probe: Probe | undefined): void {
  if (!probe) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  defaultHttpGet(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= '';
}

function defaultLifecycle(lifecycle: Lifecycle | undefined): void {
  defaultHttpGet(lifecycle?.postStart?.httpGet);
  defaultHttpGet(lifecycle?.preStop?.httpGet);
}

function defaultHttpGet(action: HttpGetAction | undefined): void {
  if (!action) return;
  action.path ||= '/';
  action.scheme ||= 'HTTP';
}

/** Files of volumes are readable by all unless a mode says otherwise (0644). */
const DEFAULT_MODE = 0o644;

function defaultVolume(volume: Volume): void {
  if (Object.keys(volume).every((key) => key === 'name')) volume.emptyDir = {};
  for (const source of [volume.configMap, volume.secret, volume.projected, volume.downwardAPI]) {
    if (source) source.defaultMode ??= DEFAULT_MODE;
  }
  if (volume.hostPath) volume.hostPath.type ??= '';
  if (volume.image) volume.image.pullPolicy ||= pullPolicy(volume.image.reference ?? '');
  for (const { serviceAccountToken } of volume.projected?.sources ?? []) {
    if (serviceAccountToken) serviceAccountToken.expirationSeconds ??= 3600;
  }
  for (const file of [...(volume.downwardAPI?.items ?? []), ...projectedFiles(volume)]) {
    if (file.fieldRef) file.fieldRef.apiVersion ||= 'v1';
  }
}

function projectedFiles(volume: Volume) {
  return (volume.projected?.sources ?? []).flatMap(({ downwardAPI }) => downwardAPI?.items ?? []);
}

function requestWhatIsLimited(container: Container): void {
  const limits: ResourceList | undefined = container.resources?.limits;
  if (!limits || !container.resources) return;
  container.resources.requests = { ...limits, ...container.resources.requests };
}

function takeHostPorts(container: Container): void {
  for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
}

const STAYS_SECONDS = 300;

/** A Pod stays on a node that is not ready or cannot be reached for five minutes (admission DefaultTolerationSeconds). */
function tolerant(tolerations: readonly Toleration[]): Toleration[] {
  const wanted = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];
  const missing = wanted.filter((taint) => !tolerations.some((one) => tolerates(one, taint)));
  const added = missing.map((key) => ({
    key,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: STAYS_SECONDS,
  }));
  return [...tolerations, ...added];
}

function tolerates({ key, effect }: Toleration, taint: string): boolean {
  return (!key || key === taint) && (!effect || effect === 'NoExecute');
}

/** How a Pod ranks when memory runs short, by what its containers ask for and may have. */
export function qosClass(spec: PodSpec): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const amounts = containers.flatMap(({ resources }) =>
    (['cpu', 'memory'] as const).map((name) => ({
      limit: resources?.limits?.[name],
      request: resources?.requests?.[name],
    })),
  );
  if (amounts.every(({ limit, request }) => limit === undefined && request === undefined)) return 'BestEffort';
  const isExact = amounts.every(
    ({ limit, request }) => limit !== undefined && String(request ?? limit) === String(limit),
  );
  return isExact ? 'Guaranteed' : 'Burstable';
}
