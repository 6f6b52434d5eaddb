// What Knative refuses in the containers of a revision.

import { FieldErrors } from '#machinery/mod.ts';
import type { FeaturesConfig } from '../config/features.ts';
import type { Container, ContainerPort } from '../core/container.ts';
import type { Volume } from '../core/volume.ts';
import { checkEnv, checkEnvFrom } from './check-env.ts';
import { checkMounts } from './check-mounts.ts';
import { checkProbe, checkReadinessProbe } from './check-probes.ts';
import { checkSecurity } from './check-security.ts';
import { onlyFields } from './fields.ts';
import { imageFault } from './image-reference.ts';
import type { RevisionSpec } from './revision-spec.ts';

const ALLOWED = new Set([
  'name',
  'args',
  'command',
  'env',
  'workingDir',
  'envFrom',
  'image',
  'imagePullPolicy',
  'livenessProbe',
  'ports',
  'readinessProbe',
  'resources',
  'securityContext',
  'startupProbe',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'volumeMounts',
]);
const RESERVED_NAME = 'queue-proxy';
const RESERVED_PORTS = [8012, 8013, 8022, 9090, 9091, 8008];
const PORT_NAMES = ['', 'h2c', 'http1'];
const MESSAGE_POLICIES = ['', 'File', 'FallbackToLogsOnError'];

/** Which part a container has in its revision. */
type Role = 'user' | 'sidecar' | 'init';

interface Surroundings {
  readonly features: FeaturesConfig;
  readonly volumes: ReadonlyMap<string, Volume>;
  /** The name of the port that requests go to. */
  readonly portName: string;
}

/** Checks all containers; paths begin with `containers`. */
export function checkContainers(spec: RevisionSpec, features: FeaturesConfig): FieldErrors {
  const errors = new FieldErrors();
  const containers = spec.containers ?? [];
  const volumes = new Map((spec.volumes ?? []).map((volume) => [volume.name, volume]));
  const portName = containers.flatMap(({ ports }) => ports ?? []).at(-1)?.name || 'http';
  const around: Surroundings = { features, volumes, portName };
  errors.merge(checkInits(spec, around));
  errors.merge(checkPortCount(containers), 'containers[*]');
  if (containers.length === 0) return errors.missing('containers');
  if (containers.length > 1) return errors.merge(checkSeveral(containers, around));
  for (const container of containers) errors.merge(checkServing(container, 'user', around), 'containers[0]');
  return errors;
}

function checkSeveral(containers: readonly Container[], around: Surroundings): FieldErrors {
  let errors = new FieldErrors();
  if (around.features.multiContainer !== 'enabled') {
    return errors.generic(`multi-container is off, but found ${containers.length} containers`);
  }
  const names = new Set<string>();
  for (const [index, container] of containers.entries()) {
    const place = `containers[${index}]`;
    if (names.has(container.name ?? '')) errors = duplicate(errors, container, place);
    names.add(container.name ?? '');
    const role: Role = container.ports?.length ? 'user' : 'sidecar';
    errors.merge(checkServing(container, role, around), place);
  }
  return errors;
}

/** Knative tells all that was found so far under the container whose name is taken; so it is told here. */
function duplicate(found: FieldErrors, { name }: { readonly name?: string }, place: string): FieldErrors {
  found.generic(`duplicate container name ${JSON.stringify(name ?? '')}`, 'name');
  return new FieldErrors().merge(found, place);
}

function checkInits({ containers, initContainers = [] }: RevisionSpec, around: Surroundings): FieldErrors {
  let errors = new FieldErrors();
  if (initContainers.length === 0) return errors;
  if (around.features.kubernetesPodspecInitContainers !== 'enabled') {
    const count = initContainers.length;
    return errors.generic(`pod spec support for init-containers is off, but found ${count} init containers`);
  }
  const names = new Set((containers ?? []).map(({ name }) => name ?? ''));
  for (const [index, container] of initContainers.entries()) {
    const place = `containers[${index}]`;
    if (names.has(container.name ?? '')) errors = duplicate(errors, container, place);
    errors.merge(checkInit(container, around), place);
  }
  return errors;
}

function checkInit(container: Container, around: Surroundings): FieldErrors {
  const errors = checkContainer(container, 'init', around);
  for (const field of ['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'] as const) {
    if (container[field]) errors.generic('field not allowed in an init container', field);
  }
  return errors;
}

function checkPortCount(containers: readonly Container[]): FieldErrors {
  const errors = new FieldErrors();
  const count = containers.reduce((sum, { ports = [] }) => sum + ports.length, 0);
  if (count === 0 && containers.length > 1) errors.missing('ports');
  if (count > 1) {
    const details = 'Only a single port is allowed across all containers';
    errors.add({ message: 'more than one container port is set', paths: ['ports'], details });
  }
  return errors;
}

function checkServing(container: Container, role: Role, around: Surroundings): FieldErrors {
  const errors = checkContainer(container, role, around);
  const { livenessProbe, readinessProbe, startupProbe } = container;
  if (role === 'sidecar' && around.features.multiContainerProbing !== 'enabled') {
    for (const field of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
      errors.merge(closedProbe(container[field] ?? {}), field);
    }
    return errors;
  }
  const portName = role === 'user' ? around.portName : undefined;
  errors.merge(checkProbe(livenessProbe, portName), 'livenessProbe');
  errors.merge(checkReadinessProbe(readinessProbe, portName), 'readinessProbe');
  return errors.merge(checkProbe(startupProbe, portName), 'startupProbe');
}

const HANDLERS = new Set(['exec', 'httpGet', 'tcpSocket', 'grpc']);

/** A probe that may not be. Go has its handlers in a struct without a name, so they are told as the probe itself. */
function closedProbe(probe: object): FieldErrors {
  const errors = new FieldErrors();
  const given = Object.entries(probe).filter(([, value]) => value !== 0);
  if (given.some(([field]) => HANDLERS.has(field))) errors.disallowed('');
  onlyFields(errors, Object.fromEntries(given), HANDLERS);
  return errors;
}

function checkContainer(container: Container, role: Role, { features, volumes }: Surroundings): FieldErrors {
  const errors = new FieldErrors();
  if (Object.values(container).every(isHollow)) return errors.missing('');
  onlyFields(errors, container, ALLOWED);
  if (container.name === RESERVED_NAME) errors.generic(`"${RESERVED_NAME}" is a reserved container name`, 'name');
  errors.merge(checkEnv(container.env ?? [], role === 'user', features), 'env');
  errors.merge(checkEnvFrom(container.envFrom ?? []), 'envFrom');
  checkImage(errors, container.image ?? '');
  errors.merge(checkPorts(container.ports ?? [], role), 'ports');
  const resources = new FieldErrors();
  onlyFields(resources, container.resources ?? {}, new Set(['limits', 'requests']));
  errors.merge(resources, 'resources');
  errors.merge(checkSecurity(container.securityContext, features), 'securityContext');
  const { terminationMessagePolicy = '' } = container;
  if (!MESSAGE_POLICIES.includes(terminationMessagePolicy)) {
    errors.invalid(terminationMessagePolicy, 'terminationMessagePolicy');
  }
  return errors.merge(checkMounts(container.volumeMounts ?? [], volumes, features), 'volumeMounts');
}

function isHollow(value: unknown): boolean {
  return value === undefined || value === '' || (typeof value === 'object' && Object.keys(value ?? {}).length === 0);
}

function checkImage(errors: FieldErrors, image: string): void {
  if (image === '') {
    errors.missing('image');
    return;
  }
  const fault = imageFault(image);
  if (!fault) return;
  const details = `image: ${JSON.stringify(image)}, error: ${fault}`;
  errors.add({ message: 'Failed to parse image reference', paths: ['image'], details });
}

const PORT_FIELDS = new Set(['containerPort', 'name', 'protocol']);

function checkPorts(ports: readonly ContainerPort[], role: Role): FieldErrors {
  const errors = new FieldErrors();
  const [first] = ports;
  if (!first) return errors;
  for (const port of role === 'init' ? ports : [first]) checkPortNumber(errors, port);
  if (role === 'init') return errors;
  if (first.protocol && first.protocol !== 'TCP') errors.invalid(first.protocol, 'protocol');
  if (!PORT_NAMES.includes(first.name ?? '')) {
    const details = "Name must be empty, or one of: 'h2c', 'http1'";
    errors.add({ message: `Port name ${first.name} is not allowed`, paths: [''], details });
  }
  return errors;
}

function checkPortNumber(errors: FieldErrors, port: ContainerPort): void {
  onlyFields(errors, port, PORT_FIELDS);
  const number = port.containerPort ?? 0;
  if (RESERVED_PORTS.includes(number)) {
    const fault = `${number} is a reserved port`;
    errors.invalid(fault, 'containerPort', `${fault}, please use a different value`);
  }
  if (number < 0 || number > 65535) errors.outOfBounds(number, 0, 65535, 'containerPort');
}
