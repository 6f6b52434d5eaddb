// The keys of a platform, made at first start and kept in its folder; certificates are made anew before they end.

import { DAY_MS } from '#base/mod.ts';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#base/mod.ts';
import type { Identity } from './authority.ts';
import type { KeyPair } from './key-pair.ts';
import { isGood } from './key-pair.ts';
import { createSigningKey, tokenSigner } from './tokens.ts';
import type { TokenSigner } from './tokens.ts';

/** A folder of keys, readable by its owner only. Everything it hands out is kept there and made anew when it has to be. */
export class KeyFolder {
  readonly #folder: string;
  readonly #clock: Clock;

  /** Nothing is read or made before it is asked for. */
  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  /** The CA of this folder. */
  async ca(): Promise<KeyPair> {
    const now = this.#clock.now();
    return this.#kept('ca', isGoodAt({ now }), async () => (await authority()).createAuthority('ebb-ca', now));
  }

  /** The CA by which hosts on the network are served; who trusts it does not thereby trust the API's. */
  async servingCa(): Promise<KeyPair> {
    const now = this.#clock.now();
    return this.#kept('serving-ca', isGoodAt({ now }), async () =>
      (await authority()).createAuthority('ebb-serving-ca', now),
    );
  }

  /** A certificate of the serving CA, for as long as is asked. It is not kept. */
  async host(hosts: readonly string[], lifeMs: number): Promise<KeyPair> {
    return (await authority()).issueHost(await this.servingCa(), hosts, this.#clock.now(), lifeMs);
  }

  /** A server certificate for these DNS names and addresses, kept under `name`. */
  async server(name: string, hosts: readonly string[]): Promise<KeyPair> {
    const ca = await this.ca();
    const now = this.#clock.now();
    const make = async () => (await authority()).issueServer(ca, name, hosts, now);
    return this.#kept(name, isGoodAt({ issuerPem: ca.certPem, hosts, now }), make);
  }

  /** A client certificate that speaks for `identity`, kept under `name`. */
  async client(name: string, identity: Identity): Promise<KeyPair> {
    const ca = await this.ca();
    const now = this.#clock.now();
    const make = async () => (await authority()).issueClient(ca, identity, now);
    return this.#kept(name, isGoodAt({ issuerPem: ca.certPem, now }), make);
  }

  /** The key (ECDSA, P-256) that tokens are signed with, in PEM. */
  tokenKey(): Promise<string> {
    return this.signingKey('tokens');
  }

  /** A key (ECDSA, P-256) in PEM, kept under `name`. */
  async signingKey(name: string): Promise<string> {
    const file = `${name}.key`;
    const found = await this.#read(file);
    if (found !== undefined) return found;
    const made = createSigningKey();
    await this.#write(file, made);
    return made;
  }

  async #kept(name: string, isStillGood: (pair: KeyPair) => boolean, make: () => Promise<KeyPair>): Promise<KeyPair> {
    const [certPem, keyPem] = await Promise.all([this.#read(`${name}.crt`), this.#read(`${name}.key`)]);
    if (certPem !== undefined && keyPem !== undefined && isStillGood({ certPem, keyPem })) return { certPem, keyPem };
    const made = await make();
    // Where a crash comes between the two, they do not belong together, and the next start makes both anew.
    await this.#write(`${name}.key`, made.keyPem);
    await this.#write(`${name}.crt`, made.certPem);
    return made;
  }

  async #read(name: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.#folder, name), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async #write(name: string, text: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const file = join(this.#folder, name);
    const handle = await open(`${file}.new`, 'w', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(`${file}.new`, file);
  }
}

/** The X.509 library costs more than all the rest of a start, so it is loaded only where something is made. */
const authority = () => import('./authority.ts');

const isGoodAt = (demands: Parameters<typeof isGood>[1]) => (pair: KeyPair) => isGood(pair, demands);

/** Everything that a platform proves itself by. */
export interface Keys {
  /** The CA's certificate, in PEM. */
  readonly caPem: string;
  /** The API server's own certificate. */
  readonly server: KeyPair;
  /** The administrator's client certificate (group system:masters). */
  readonly admin: KeyPair;
  readonly tokens: TokenSigner;
}

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const ADMIN: Identity = { user: 'kubernetes-admin', groups: ['system:masters'] };

/**
 * Loads the keys of `folder`, or makes them. `hosts` are the names and addresses the API server is reached by. Asked again
 * later, it gives new ones for those that end soon.
 */
export async function keepKeys(folder: string, hosts: readonly string[], clock: Clock): Promise<Keys> {
  const kept = new KeyFolder(folder, clock);
  const { certPem: caPem } = await kept.ca();
  const server = await kept.server('kube-apiserver', hosts);
  const admin = await kept.client('admin', ADMIN);
  return { caPem, server, admin, tokens: tokenSigner(await kept.tokenKey(), ISSUER) };
}

/**
 * Asks once a day and hands on what came, so that a platform that never stops outlives its certificates.
 * A failed look is told and tried again the next day. Returns the stop.
 */
export function daily<T>(
  clock: Clock,
  ask: () => Promise<T>,
  onAnswer: (answer: T) => void,
  onFailure: (error: unknown) => void,
): () => void {
  const again = () => clock.after(DAY_MS, () => void look());
  const look = async () => {
    timer = again();
    await ask().then(onAnswer, onFailure);
  };
  let timer = again();
  return () => timer.cancel();
}
