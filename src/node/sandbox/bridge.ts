// The network that Pods are in: a bridge of this machine with an address for each Pod, made from places that stand ready.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { startOf } from '../processes.ts';
import { ip, run, TOOL_ENV, tool } from './tools.ts';

/** Network, host name and System V namespaces of one Pod, kept alive by a process that sleeps. */
export interface Place {
  readonly address: string;
  /** Which of the subnet's addresses. */
  readonly index: number;
  readonly holder: number;
  /** The holder's start, as the system counts it. */
  readonly holderStarted: string;
  /** Whether it was made with a way out. */
  readonly hasExit?: boolean;
}

/** Each platform on a machine takes one: 4094 addresses. */
const SUBNET_BITS = 20;
const SUBNETS = Array.from({ length: 128 }, (_, i) => `10.${217 + Math.floor(i / 16)}.${(i % 16) * 16}.0`);
const MOST_PODS = 4000;
/** Which address of the subnet is whose; the first is this machine's own. */
const ROUTER = 2;
const EXIT = 4093;
const FIRST_POD = 3;
/** Places that stand ready. */
const READY = 4;
const SECONDS_OF_A_LIFETIME = 2_147_483_647;

export interface BridgeOptions {
  /** Where the places that stand ready are noted, so that a later run finds them. */
  readonly readyFile: string;
  /** Addresses that are reached by way of the router, as a network: those of Services. */
  readonly routed: string;
  /** Whether what is for no address here goes to the exit, and not to this machine. */
  readonly hasExit: boolean;
  /** Tells platforms on one machine apart. */
  readonly seed: string;
  warn(message: string, fields: Record<string, unknown>): void;
}

export class Bridge {
  readonly name: string;
  readonly gateway: string;
  readonly #base: number;
  readonly #routed: string;
  readonly #hasExit: boolean;
  readonly #warn: BridgeOptions['warn'];
  readonly #used: Set<number>;
  readonly #readyFile: string;
  #ready: Place[] = [];
  #making = 0;
  #idle: (() => void) | undefined;
  #next = FIRST_POD;
  #open = true;

  private constructor(
    name: string,
    base: number,
    used: ReadonlySet<number>,
    { warn, routed, readyFile, hasExit }: BridgeOptions,
  ) {
    this.name = name;
    this.#base = base;
    this.#used = new Set(used);
    this.#warn = warn;
    this.#routed = routed;
    this.#hasExit = hasExit;
    this.#readyFile = readyFile;
    this.gateway = textOf(base + 1);
  }

  /** Makes the bridge, or takes the one that an earlier run left with its Pods. */
  static async open(options: BridgeOptions): Promise<Bridge> {
    const { seed } = options;
    const name = `ebb${createHash('sha256').update(seed).digest('hex').slice(0, 5)}`;
    const there = (await addressesHere()).get(name);
    if (there) {
      const bridge = new Bridge(name, numberOf(there) - 1, await usedIndexes(name), options);
      for (const place of readyOf(options.readyFile))
        if (place.hasExit === options.hasExit) bridge.#ready.push(place);
        else bridge.release(place);
      return bridge;
    }
    await ip(`link add name ${name} type bridge`);
    withoutIpv6(name);
    return new Bridge(name, await claimSubnet(name), new Set(), options);
  }

  /** The place by which Services are reached: their addresses are local there. */
  makeRouter(): Promise<Place> {
    return this.#makeStanding(ROUTER, [`default via ${this.gateway}`, `local ${this.#routed} dev lo`]);
  }

  /** The place to which Pods send what is for no address here: every address is local there. */
  makeExit(): Promise<Place> {
    return this.#makeStanding(EXIT, ['local default dev lo']);
  }

  /** A place whose address and hardware address are always the same, so that Pods of an earlier run find it again. */
  #makeStanding(index: number, routes: readonly string[]): Promise<Place> {
    const address = textOf(this.#base + index);
    const bytes = [24, 16, 8, 0].map((shift) => ((this.#base + index) >>> shift) & 255);
    const hardware = `02:eb:${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
    const port = this.#portOf(index);
    return this.#hold(index, address, setUp({ address, port, hardware, routes }), [`link del ${port}`]);
  }

  /** A place for a Pod: one that stands ready, or a new one. */
  async take(): Promise<Place> {
    const place = this.#ready.shift() ?? (await this.#make());
    this.#note();
    this.#fill();
    return place;
  }

  /** Ends a Pod's place; its address is free again. */
  release({ holder, holderStarted, index }: Place): void {
    if (startOf(holder) === holderStarted) process.kill(holder, 'SIGKILL');
    this.#used.delete(index);
  }

  /** Lets go of the places that stand ready, and of the bridge itself where no Pod is in it. */
  async close(): Promise<void> {
    this.#open = false;
    if (this.#making > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    for (const place of this.#ready.splice(0)) this.release(place);
    this.#note();
    if (this.#used.size === 0 || [...this.#used].every((index) => index === ROUTER || index === EXIT))
      await run('ip', ['link', 'del', this.name]).catch((error: unknown) =>
        this.#warn('the bridge of the Pods could not be removed', { error }),
      );
  }

  #fill(): void {
    while (this.#open && this.#ready.length + this.#making < READY) {
      this.#making++;
      void this.#makeReady();
    }
  }

  async #makeReady(): Promise<void> {
    try {
      this.#ready.push(await this.#make());
      this.#note();
    } catch (error) {
      this.#warn('a place for a Pod could not be made', { error });
    }
    this.#making--;
    if (this.#making === 0) this.#idle?.();
  }

  #note(): void {
    writeFileSync(this.#readyFile, JSON.stringify(this.#ready));
  }

  async #make(): Promise<Place> {
    const index = this.#takeIndex();
    const address = textOf(this.#base + index);
    const routes = [`${this.#routed} via ${textOf(this.#base + ROUTER)}`, ...(await this.#waysOut())];
    try {
      return await this.#hold(index, address, setUp({ address, port: this.#portOf(index), routes }));
    } catch (error) {
      this.#used.delete(index);
      throw error;
    }
  }

  /** `before` may fail: it takes away what an earlier run may have left. */
  async #hold(index: number, address: string, script: string, before: readonly string[] = []): Promise<Place> {
    for (const command of before) await ip(command).catch(() => undefined);
    const holder = await hold(script);
    const holderStarted = startOf(holder);
    if (!holderStarted) throw new Error('the holder of a Pod’s namespaces ended at once');
    withoutIpv6(this.#portOf(index));
    await ip(`link set ${this.#portOf(index)} master ${this.name} up`);
    return { address, index, holder, holderStarted, hasExit: this.#hasExit };
  }

  /** By the exit to everybody but this machine itself, whose own addresses are reached as ever. */
  async #waysOut(): Promise<string[]> {
    if (!this.#hasExit) return [`default via ${this.gateway}`];
    const here = [...(await addressesHere())].filter(([name, own]) => name !== this.name && !own.startsWith('127.'));
    return [
      `default via ${textOf(this.#base + EXIT)}`,
      ...new Set(here.map(([, address]) => `${address} via ${this.gateway}`)),
    ];
  }

  #portOf(index: number): string {
    return `${this.name}p${index}`;
  }

  #takeIndex(): number {
    for (let tries = 0; tries < MOST_PODS; tries++) {
      const index = this.#next;
      this.#next = index >= MOST_PODS ? FIRST_POD : index + 1;
      if (this.#used.has(index)) continue;
      this.#used.add(index);
      return index;
    }
    throw new Error(`every address of the Pods’ network is taken (${MOST_PODS})`);
  }
}

interface SetUp {
  readonly address: string;
  /** The near end of the cable. */
  readonly port: string;
  /** The far end's hardware address; by chance where absent. */
  readonly hardware?: string;
  /** As `ip route add` takes them. */
  readonly routes: readonly string[];
}

/** What the holder does in its new namespaces before it sleeps. Ports below 1024 are for every user, as container engines have it. */
function setUp({ address, port, hardware, routes }: SetUp): string {
  return `set -e
${tool('ip')} link add eth0 ${hardware ? `address ${hardware} ` : ''}type veth peer name ${port} netns ${process.pid}
${tool('ip')} -batch - <<END
link set lo up
addr add ${address}/${SUBNET_BITS} dev eth0
link set eth0 up
${routes.map((route) => `route add ${route}`).join('\n')}
END
echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start
echo ready
exec ${tool('sleep')} ${SECONDS_OF_A_LIFETIME} >/dev/null 2>&1`;
}

/**
 * The kernel gives an interface that comes up an address of IPv6. A browser on this machine takes every address that comes or goes for
 * another network, and breaks off what it loads over HTTP/2: the page, too, for which the Pod is started.
 */
function withoutIpv6(name: string): void {
  const setting = `/proc/sys/net/ipv6/conf/${name}/disable_ipv6`;
  try {
    if (existsSync(setting)) writeFileSync(setting, '1');
  } catch (error) {
    // Where the system's settings may only be read, such as in a container, Pods do without.
    if (!['EROFS', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** Starts a holder; gives its process when the namespaces are set up. It outlives the platform. */
function hold(script: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool('unshare'), ['--net', '--uts', '--ipc', '--', tool('sh'), '-c', script], {
      env: TOOL_ENV,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`namespaces for a Pod could not be made: ${said.trim() || `code ${code}`}`)),
    );
    child.stdout.once('data', () => {
      child.unref();
      resolve(child.pid ?? 0);
    });
  });
}

/** Places of an earlier run that still stand ready. */
function readyOf(file: string): Place[] {
  if (!existsSync(file)) return [];
  const places = JSON.parse(readFileSync(file, 'utf8')) as Place[];
  return places.filter(({ holder, holderStarted }) => startOf(holder) === holderStarted);
}

async function usedIndexes(bridge: string): Promise<Set<number>> {
  const links = JSON.parse((await run('ip', ['-json', 'link', 'show', 'master', bridge])) || '[]') as {
    ifname?: string;
  }[];
  return new Set(links.map(({ ifname = '' }) => Number(ifname.slice(bridge.length + 1))));
}

/** Gives the bridge a subnet that nobody on this machine has; two who claim the same at once settle it by their names. */
async function claimSubnet(name: string): Promise<number> {
  for (;;) {
    const others = new Set(Array.from((await addressesHere()).values(), subnetOf));
    const base = SUBNETS.map(numberOf).find((one) => !others.has(one >>> HOST_BITS));
    if (base === undefined)
      throw new Error(
        `no network is left for Pods: all from ${SUBNETS[0]} to ${SUBNETS.at(-1)} are in use on this machine`,
      );
    const address = `${textOf(base + 1)}/${SUBNET_BITS}`;
    await ip(`addr add ${address} dev ${name}`, `link set ${name} up`);
    const rivals = [...(await addressesHere())].filter(
      ([other, its]) => other < name && subnetOf(its) === base >>> HOST_BITS,
    );
    if (rivals.length === 0) return base;
    await ip(`addr del ${address} dev ${name}`);
  }
}

const HOST_BITS = 32 - SUBNET_BITS;

function subnetOf(address: string): number {
  return numberOf(address) >>> HOST_BITS;
}

/** IPv4 addresses of this machine by the names of their interfaces, those without a carrier too. */
async function addressesHere(): Promise<Map<string, string>> {
  const links = JSON.parse(await run('ip', ['-json', '-4', 'addr', 'show'])) as {
    ifname?: string;
    addr_info?: { local?: string }[];
  }[];
  return new Map(
    links.flatMap(({ ifname = '', addr_info: [first] = [] }) => (first?.local ? [[ifname, first.local]] : [])),
  );
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function textOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}
