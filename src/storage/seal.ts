// Sealing: what of the store nobody may read who has only its file. AES-256-GCM under a data key of the store, which is kept
// beside the objects, itself wrapped by a key that is kept elsewhere. Pure but for the chance that keys and nonces need.

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { StoredObject } from './object-database.ts';

/** A key that lies outside the store. */
export interface WrappingKey {
  /** Says which key it is and nothing of it. */
  readonly id: string;
  readonly bytes: Buffer;
}

/** A data key as the store keeps it. */
export interface WrappedKey {
  readonly id: string;
  readonly wrappedBy: string;
  readonly wrapped: string;
}

/** Something sealed cannot be opened with the keys there are; the message says which key is wanted. */
export class WrongKeyError extends Error {
  override readonly name = 'WrongKeyError';
}

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** No JSON begins like this. */
const MARK = 'sealed:1';
const WRAPPING = 'ebb data key';

/** Resources whose objects are sealed. */
const SEALED: ReadonlySet<string> = new Set(['secrets']);

/** Seals and opens objects with one data key. */
export class Seal {
  readonly id: string;
  readonly #key: Buffer;

  constructor(id: string, key: Buffer) {
    this.id = id;
    this.#key = key;
  }

  /** The object as it is to be kept: the same where its resource is not sealed. */
  close(object: StoredObject): StoredObject {
    if (!SEALED.has(object.resource)) return object;
    const sealed = encrypt(this.#key, Buffer.from(object.body), placeOf(object));
    return { ...object, body: `${MARK}:${this.id}:${sealed.toString('base64')}` };
  }

  /** The object as it was before `close`. Throws WrongKeyError where it was sealed with another key, moved, or damaged. */
  open(object: StoredObject): StoredObject {
    const keyId = sealedWith(object.body);
    if (keyId === undefined) return object;
    const name = `${object.resource} ${object.namespace}/${object.name}`;
    if (keyId !== this.id) throw new WrongKeyError(`${name} is sealed with the data key ${keyId}, not with ${this.id}`);
    const sealed = Buffer.from(object.body.slice(`${MARK}:${keyId}:`.length), 'base64');
    const plain = decrypt(this.#key, sealed, placeOf(object));
    if (!plain) throw new WrongKeyError(`${name} is damaged or was moved: it cannot be opened with its own key`);
    return { ...object, body: plain.toString() };
  }

  /** The data key as the store may keep it. */
  wrap(by: WrappingKey): WrappedKey {
    const wrapped = encrypt(by.bytes, this.#key, WRAPPING).toString('base64');
    return { id: this.id, wrappedBy: by.id, wrapped };
  }
}

/** Whether an object is to be sealed and is not, or not with this data key. */
export function isStale({ resource, body }: StoredObject, keyId: string): boolean {
  return SEALED.has(resource) && sealedWith(body) !== keyId;
}

/** The data key that a body is sealed with; undefined where it is plain. */
export function sealedWith(body: string): string | undefined {
  return body.startsWith(MARK) ? body.split(':', 3)[2] : undefined;
}

export function newSeal(): Seal {
  return new Seal(randomBytes(8).toString('hex'), randomBytes(KEY_BYTES));
}

/** The seal behind a wrapped data key. Throws WrongKeyError where none of the keys opens it. */
export function unwrapped({ id, wrappedBy, wrapped }: WrappedKey, keys: readonly WrappingKey[]): Seal {
  const by = keys.find((key) => key.id === wrappedBy);
  if (!by) {
    const has = keys.length > 0 ? `only ${keys.map((key) => key.id).join(', ')}` : 'none';
    throw new WrongKeyError(`the key ${wrappedBy} is needed to open the secrets, but there is ${has}`);
  }
  const plain = decrypt(by.bytes, Buffer.from(wrapped, 'base64'), WRAPPING);
  if (!plain) throw new WrongKeyError(`the data key ${id} is damaged: the key ${wrappedBy} does not open it`);
  return new Seal(id, plain);
}

/** A new wrapping key as a line of a key file. */
export function newKeyLine(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}

/**
 * The keys of a key file: a line each, 32 bytes in base64; `#` begins a comment. The first wraps, all of them open.
 * `name` is for messages. Throws where a line is no key, or there is none.
 */
export function keysIn(text: string, name: string): WrappingKey[] {
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim());
  const keys = lines.flatMap((line, index) => (line ? [keyOf(line, `line ${index + 1} of ${name}`)] : []));
  if (keys.length > 0) return keys;
  throw new Error(`there is no key in ${name}. Make one: head -c 32 /dev/urandom | base64 > ${name}`);
}

function keyOf(line: string, where: string): WrappingKey {
  const bytes = Buffer.from(line, 'base64');
  if (bytes.length !== KEY_BYTES || !/^[A-Za-z0-9+/]{43}=$/.test(line))
    throw new Error(`${where} is no key: expected 32 bytes in base64 (44 characters), met ${line.length} characters`);
  return { id: createHash('sha256').update(WRAPPING).update(bytes).digest('hex').slice(0, 12), bytes };
}

/** What a body is bound to, so that it cannot be given to another object. */
function placeOf({ resource, namespace, name }: StoredObject): string {
  return `${resource}\0${namespace}\0${name}`;
}

/** Nonce, tag, content. */
function encrypt(key: Buffer, plain: Buffer, bound: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(bound));
  const content = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), content]);
}

function decrypt(key: Buffer, sealed: Buffer, bound: string): Buffer | undefined {
  try {
    const nonce = sealed.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(bound));
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}
