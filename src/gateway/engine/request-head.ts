// From a head that was read to a request, or to what is wrong with it.

import { METHODS } from 'node:http';
import type { HeadFields, HeadVerdict } from '../bad-input.ts';
import { judgeRead } from '../bad-input.ts';
import { fieldsIn } from '../fields.ts';
import { namesOthers, roleIn } from '../headers.ts';
import type { RawHeaders } from '../transport.ts';
import { Excerpt } from './excerpt.ts';
import type { HeadReader } from './head-reader.ts';
import type { Problem } from './problem.ts';

/** Every one of them is a token. */
export const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);
const USUAL_METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS'];

/** What the fields of a request say that a proxy heeds. */
class Said implements HeadFields {
  host: string | undefined;
  hosts = 0;
  length: string | undefined;
  lengths = 0;
  coding: string | undefined;
  connection: string | undefined;
  upgrade: string | undefined;
  expect: string | undefined;
  cookies = 0;
  /** Whether there are others that do not go on as they are. */
  hasOthers = false;
  /** Whether every line is as most write it. */
  isUsual = true;
}

type Accepted = Extract<HeadVerdict, { ok: true }>;

export class RequestHead {
  readonly version: '1.0' | '1.1';
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly bodyLength: number | undefined;
  /** Whether another request may follow on the connection. */
  readonly keepAlive: boolean;
  readonly expectsContinue: boolean;
  /** Whether it asks for another protocol, though maybe for one that is not to be had. */
  readonly asksForUpgrade: boolean;
  /** The protocol it asks to switch to, where the connection can be handed over. */
  readonly upgrade: string | undefined;
  /** As the transport port has it. */
  readonly passing: string | undefined;
  readonly #text: string;
  readonly #fieldsAt: number;
  #headers: RawHeaders | undefined;

  constructor(
    reader: HeadReader,
    line: { readonly version: '1.0' | '1.1'; readonly method: string },
    { target, authority, bodyLength }: Accepted,
    said: Said,
    passing: string | undefined,
  ) {
    const { version, method } = line;
    const { connection, expect, upgrade } = said;
    this.version = version;
    this.method = method;
    this.target = target;
    this.authority = authority;
    this.bodyLength = bodyLength;
    this.keepAlive = staysOpen(version, connection);
    this.expectsContinue = expect !== undefined && version === '1.1' && /^100-continue$/i.test(expect);
    this.asksForUpgrade = asksForUpgrade(connection, upgrade);
    const mayUpgrade = this.asksForUpgrade && bodyLength === 0 && version === '1.1' && !isHttp2(upgrade);
    this.upgrade = mayUpgrade ? upgrade : undefined;
    this.passing = passing;
    this.#text = reader.text;
    this.#fieldsAt = reader.nameAt(0);
    if (!said.isUsual) this.#headers = reader.fields();
  }

  /** All fields, in the order and spelling they came in; a list is made only for those who ask. */
  get headers(): RawHeaders {
    return (this.#headers ??= fieldsIn(this.#text, this.#fieldsAt, this.#text.length - 2));
  }
}

/** What the reader has read, judged. `before` is the authority of the request before: the next is often the same. */
export function requestHead(reader: HeadReader, before = ''): RequestHead | Problem {
  const version = reader.isPart(2, 'HTTP/1.1') ? '1.1' : reader.isPart(2, 'HTTP/1.0') ? '1.0' : undefined;
  if (version === undefined)
    return /^HTTP\/[0-9]\.[0-9]$/.test(reader.part(2))
      ? { status: 505, why: 'unknown HTTP version' }
      : { status: 400, why: 'malformed request line' };
  const method = methodOf(reader);
  if (method === undefined) return { status: 400, why: 'unknown method' };
  const said = new Said();
  const excerpt = new Excerpt(reader, reader.nameAt(0));
  for (let nth = 0; nth < reader.fieldCount; nth++) hear(said, reader, nth, excerpt, before);
  const verdict = judgeRead({ version, method, target: reader.part(1) }, said);
  if (!verdict.ok) return verdict;
  const changes = said.hasOthers || said.cookies > 1 || namesOthers(said.connection);
  return new RequestHead(reader, { version, method }, verdict, said, changes ? undefined : excerpt.end());
}

function methodOf(reader: HeadReader): string | undefined {
  for (const method of USUAL_METHODS) if (reader.isPart(0, method)) return method;
  const method = reader.part(0);
  return KNOWN_METHODS.has(method) ? method : undefined;
}

/** Takes down what a field says, and whether it goes on. */
function hear(said: Said, reader: HeadReader, nth: number, excerpt: Excerpt, before: string): void {
  if (!reader.isUsual(nth)) said.isUsual = false;
  const role = roleIn(reader.text, reader.nameAt(nth), reader.nameEnd(nth));
  switch (role) {
    case 'plain':
    case 'date':
      return excerpt.keep(nth);
    case 'cookie':
      said.cookies++;
      return excerpt.keep(nth);
    case 'host':
      said.hosts++;
      said.host ??= reader.isValue(nth, before) ? before : reader.value(nth);
      break;
    case 'length':
      said.lengths++;
      said.length ??= reader.value(nth);
      break;
    case 'coding':
      said.coding = listed(said.coding, reader.value(nth));
      break;
    case 'connection':
      said.connection = listed(said.connection, reader.value(nth));
      break;
    // Only Connection is a list whose further fields count.
    case 'upgrade':
      said.upgrade ??= reader.value(nth);
      break;
    case 'expect':
      said.expect ??= reader.value(nth);
      break;
    case 'hop':
      break;
    default:
      said.hasOthers = true;
  }
  excerpt.leaveOut(nth);
}

/** Several fields are one list (RFC 9110 §5.3). */
export function listed(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`;
}

/** Whether the connection outlives this message (RFC 9112 §9.3). */
export function staysOpen(version: '1.0' | '1.1', connection: string | undefined): boolean {
  if (connection === undefined) return version === '1.1';
  if (connection === 'keep-alive') return true;
  if (/(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(connection)) return false;
  return version === '1.1' || /(?:^|,)[ \t]*keep-alive[ \t]*(?:,|$)/i.test(connection);
}

function asksForUpgrade(connection: string | undefined, upgrade: string | undefined): boolean {
  return !!upgrade && connection !== undefined && /(?:^|,)[ \t]*upgrade[ \t]*(?:,|$)/i.test(connection);
}

/** HTTP/2 is not taken up by an upgrade; it has its preface. */
function isHttp2(upgrade: string | undefined): boolean {
  return upgrade !== undefined && /^h2c?\b/i.test(upgrade);
}
