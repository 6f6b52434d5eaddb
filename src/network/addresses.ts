// Addresses of Services: each gets a ClusterIP of its own when it is made, and node ports where its type asks for them.

import { CoreService } from '#kinds/mod.ts';
import { invalid, Problems } from '#machinery/mod.ts';
import type { AdmissionPlugin, AdmissionRequest, Store } from '#objects/mod.ts';

/** 10.96.0.0/16, as kubeadm has it; .1 is the API's own, .10 the name server's. */
const PREFIX = '10.96';
const FIRST_HOST = 256;
const LAST_HOST = 65_534;
const NODE_PORTS = { first: 30_000, last: 32_767 };

/** The whole of the addresses that Services are given. */
export const SERVICE_NETWORK = `${PREFIX}.0.0/16`;
export const API_ADDRESS = `${PREFIX}.0.1`;
export const NAME_SERVER_ADDRESS = `${PREFIX}.0.10`;

export interface ServiceAddresses {
  /** Gives addresses out as Services are written. */
  readonly admission: AdmissionPlugin;
}

/** One for a store. What is given out stays reserved until the write is stored or has failed. */
export function serviceAddresses(store: Pick<Store, 'list' | 'onChange'>): ServiceAddresses {
  const used = new Tally();
  const pending = new WeakMap<object, string[]>();
  let next = FIRST_HOST;
  let nextPort = NODE_PORTS.first;

  const hold = (service: CoreService) => addressesOf(service).forEach((address) => used.add(address));
  const release = (service: CoreService) => addressesOf(service).forEach((address) => used.remove(address));
  (store.list(CoreService.resource) as readonly CoreService[]).forEach(hold);
  store.onChange(CoreService.resource, ({ before, after }) => {
    if (after) hold(after as CoreService);
    if (before) release(before as CoreService);
  });

  function reserve(request: AdmissionRequest, address: string): void {
    used.add(address);
    pending.set(request, [...(pending.get(request) ?? []), address]);
  }

  function freeAddress(): string {
    for (let tries = FIRST_HOST; tries <= LAST_HOST; tries++) {
      const host = next;
      next = next >= LAST_HOST ? FIRST_HOST : next + 1;
      const address = `${PREFIX}.${host >> 8}.${host & 255}`;
      if (!used.has(address)) return address;
    }
    throw new Error(`every address of ${PREFIX}.0.0/16 is given out`);
  }

  function freePort(): number {
    for (let tries = NODE_PORTS.first; tries <= NODE_PORTS.last; tries++) {
      const port = nextPort;
      nextPort = nextPort >= NODE_PORTS.last ? NODE_PORTS.first : nextPort + 1;
      if (!used.has(`node port ${port}`)) return port;
    }
    throw new Error(`every node port from ${NODE_PORTS.first} to ${NODE_PORTS.last} is given out`);
  }

  function assign(request: AdmissionRequest, service: CoreService): void {
    const { spec } = service;
    if (spec.type !== 'ExternalName' && !spec.clusterIP) spec.clusterIP = freeAddress();
    if (spec.clusterIP && spec.clusterIP !== 'None') {
      spec.clusterIPs = [spec.clusterIP];
      reserve(request, spec.clusterIP);
    } else if (spec.clusterIP === 'None') spec.clusterIPs = ['None'];
    if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return;
    for (const port of spec.ports ?? []) {
      port.nodePort ??= freePort();
      reserve(request, `node port ${port.nodePort}`);
    }
  }

  return {
    admission: {
      admit(request) {
        const service = serviceOf(request);
        if (!service) return;
        const before = request.before as CoreService | undefined;
        if (before?.spec.clusterIP && !service.spec.clusterIP && service.spec.type !== 'ExternalName')
          service.spec.clusterIP = before.spec.clusterIP;
        keepNodePorts(service, before);
        assign(request, service);
      },
      validate(request) {
        const service = serviceOf(request);
        const { spec: old } = (request.before ?? {}) as Partial<CoreService>;
        if (!service || !old?.clusterIP || old.clusterIP === service.spec.clusterIP) return;
        if (service.spec.type === 'ExternalName' || old.type === 'ExternalName') return;
        const problems = new Problems();
        problems.invalid('spec.clusterIPs[0]', service.spec.clusterIP, 'may not change once set');
        throw invalid(CoreService, service.metadata.name, problems.all);
      },
      done(request) {
        for (const address of pending.get(request) ?? []) used.remove(address);
      },
    },
  };
}

/** Who is held how often: by stored Services, and by writes on their way. */
class Tally {
  readonly #counts = new Map<string, number>();

  has(address: string): boolean {
    return this.#counts.has(address);
  }

  add(address: string): void {
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
  }

  remove(address: string): void {
    const left = (this.#counts.get(address) ?? 1) - 1;
    if (left > 0) this.#counts.set(address, left);
    else this.#counts.delete(address);
  }
}

function serviceOf({ kind, operation, object, subresource }: AdmissionRequest): CoreService | undefined {
  return kind.resource === CoreService.resource && operation !== 'DELETE' && !subresource
    ? (object as CoreService)
    : undefined;
}

/** A port that is written again without its node port keeps the one it had. */
function keepNodePorts(service: CoreService, before: CoreService | undefined): void {
  if (service.spec.type !== 'NodePort' && service.spec.type !== 'LoadBalancer') return;
  for (const port of service.spec.ports ?? []) {
    const old = before?.spec.ports?.find((other) => other.port === port.port && other.protocol === port.protocol);
    if (old?.nodePort) port.nodePort ??= old.nodePort;
  }
}

function addressesOf({ spec }: CoreService): string[] {
  const ports = (spec.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [`node port ${nodePort}`] : []));
  return spec.clusterIP && spec.clusterIP !== 'None' ? [spec.clusterIP, ...ports] : ports;
}
