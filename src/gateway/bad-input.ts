// What is wrong with a request head that a parser let through: checks that every engine makes (RFC 9112 §3, §6).

import { headerList } from './headers.ts';
import type { RawHeaders } from './transport.ts';

export interface BadInput {
  readonly status: 400 | 405 | 501;
  readonly why: string;
}

export interface HeadFacts {
  readonly version: '1.0' | '1.1' | '2';
  readonly method: string;
  /** As it stands in the request line. */
  readonly target: string;
  readonly headers: RawHeaders;
}

/** What the head says about the request, or why it is refused. */
export type HeadVerdict =
  | { readonly ok: true; readonly target: string; readonly authority: string; readonly bodyLength: number | undefined }
  | ({ readonly ok: false } & BadInput);

const AUTHORITY = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+;=%-]*)(?::[0-9]{0,5})?$/;
// Visible ASCII without the fragment sign; anything else has no place in a request line (RFC 9112 §3.2).
const TARGET = /^[!"$-~]+$/;
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** What its fields say of a request's place and framing. */
export interface HeadFields {
  /** The first Host, and how many there are. */
  readonly host: string | undefined;
  readonly hosts: number;
  /** The first Content-Length, and how many there are. */
  readonly length: string | undefined;
  readonly lengths: number;
  /** Transfer-Encoding, all fields as one list. */
  readonly coding: string | undefined;
}

/** Judges a head. Two ways of framing, two hosts, or a target of a wrong form are refused, never repaired. */
export function judgeHead({ version, method, target, headers }: HeadFacts): HeadVerdict {
  if (!METHOD.test(method)) return bad(400, 'malformed method');
  if (method !== 'CONNECT' && !TARGET.test(target)) return bad(400, 'malformed request target');
  const [host, ...otherHosts] = valuesOf(headers, 'host');
  const [length, ...otherLengths] = valuesOf(headers, 'content-length');
  return judgeRead(
    { version, method, target },
    {
      host,
      hosts: host === undefined ? 0 : 1 + otherHosts.length,
      length,
      lengths: length === undefined ? 0 : 1 + otherLengths.length,
      coding: headerList(headers, 'transfer-encoding'),
    },
  );
}

/** The same for a head whose reader let only those bytes be method and target that may. */
export function judgeRead({ version, method, target }: Omit<HeadFacts, 'headers'>, said: HeadFields): HeadVerdict {
  if (method === 'CONNECT') return bad(405, 'this gateway opens no tunnels');
  if (said.hosts > 1) return bad(400, 'more than one Host header');
  if (said.hosts === 0 && version === '1.1') return bad(400, 'missing Host header');
  const form = targetForm(method, target);
  if (!form) return bad(400, 'malformed request target');
  const authority = form.authority ?? said.host ?? '';
  if (!isAuthority(authority)) return bad(400, 'malformed Host header');
  const length = bodyLength(version, said);
  if (typeof length === 'object') return { ok: false, ...length };
  return { ok: true, target: form.path, authority, bodyLength: length };
}

/** The last that passed: the next is often the same, and to compare costs less than to look through. */
let passed = '';

function isAuthority(text: string): boolean {
  if (text !== passed && !AUTHORITY.test(text)) return false;
  passed = text;
  return true;
}

/** Origin form, `*` for OPTIONS, or absolute form, whose authority stands above Host (RFC 9112 §3.2.2). */
function targetForm(method: string, target: string): { path: string; authority?: string } | undefined {
  if (target.startsWith('/')) return { path: target };
  if (target === '*') return method === 'OPTIONS' ? { path: '*' } : undefined;
  const match = /^https?:\/\/([^/?]*)([/?].*)?$/i.exec(target);
  if (!match?.[1]) return undefined;
  const rest = match[2] ?? '/';
  return { authority: match[1], path: rest.startsWith('/') ? rest : `/${rest}` };
}

function bodyLength(
  version: HeadFacts['version'],
  { length, lengths, coding }: HeadFields,
): number | undefined | BadInput {
  if (lengths > 1) return { status: 400, why: 'more than one Content-Length header' };
  if (coding !== undefined) {
    if (version !== '1.1') return { status: 400, why: `Transfer-Encoding in an HTTP/${version} request` };
    if (lengths > 0) return { status: 400, why: 'both Content-Length and Transfer-Encoding' };
    if (coding.toLowerCase() === 'chunked') return undefined;
    return /(^|,)\s*chunked\s*$/i.test(coding) && !/chunked\s*,/i.test(coding)
      ? { status: 501, why: 'unknown transfer coding' }
      : { status: 400, why: 'malformed Transfer-Encoding' };
  }
  if (length === undefined) return version === '2' ? undefined : 0;
  if (!/^[0-9]{1,15}$/.test(length)) return { status: 400, why: 'malformed Content-Length' };
  return Number(length);
}

function valuesOf(headers: RawHeaders, name: string): string[] {
  const out: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const field = headers[i] ?? '';
    if (field.length === name.length && field.toLowerCase() === name) out.push(headers[i + 1] ?? '');
  }
  return out;
}

function bad(status: BadInput['status'], why: string): HeadVerdict {
  return { ok: false, status, why };
}
