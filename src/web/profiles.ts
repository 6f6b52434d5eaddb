// Profiles of the platform's processes, below /debug/pprof/ as at Knative's components, while config-observability allows it.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '#base/mod.ts';
import type { ProfileKind } from '#telemetry/mod.ts';
import { MOST_PROFILE_SECONDS, PROFILE_ENDINGS } from '#telemetry/mod.ts';

export const PROFILED = ['control', 'gateway'] as const;
export type ProfiledProcess = (typeof PROFILED)[number];

/** Who takes them. */
export interface ProfileSource {
  /** Whether `runtime-profiling` is `enabled`. */
  enabled(): boolean;
  /** Rejects where it cannot be had now. */
  take(from: ProfiledProcess, kind: ProfileKind, seconds: number, signal: AbortSignal): Promise<Readable>;
}

export const PROFILE_PATH = '/debug/pprof/';
const USUAL_SECONDS = 30;

const INDEX = `profile?seconds=${USUAL_SECONDS}&process=control   CPU time by function, a .cpuprofile
heap?process=control                    everything on the heap, a .heapsnapshot
process is control or gateway; seconds at most ${MOST_PROFILE_SECONDS}. Chrome's developer tools open both.
`;

const DISABLED = `Profiles are not taken: set runtime-profiling to enabled in the ConfigMap config-observability of knative-serving.
kubectl -n knative-serving patch configmap config-observability --type merge -p '{"data":{"runtime-profiling":"enabled"}}'
`;

const LOCAL_ADDRESSES = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

interface Refusal {
  readonly status: number;
  readonly text: string;
}

/** What is asked for, or why it is not to be had. */
export function profileWish(url: URL): { from: ProfiledProcess; kind: ProfileKind; seconds: number } | Refusal {
  const name = url.pathname.slice(PROFILE_PATH.length);
  if (name === '') return { status: 200, text: INDEX };
  if (name !== 'profile' && name !== 'heap') return { status: 404, text: `there is no such profile:\n${INDEX}` };
  const from = PROFILED.find((one) => one === (url.searchParams.get('process') ?? 'control'));
  if (!from) return { status: 400, text: `process must be ${PROFILED.join(' or ')}\n` };
  const seconds = Number(url.searchParams.get('seconds') ?? USUAL_SECONDS);
  if (!(seconds > 0 && seconds <= MOST_PROFILE_SECONDS))
    return { status: 400, text: `seconds must be more than 0 and at most ${MOST_PROFILE_SECONDS}\n` };
  return { from, kind: name === 'heap' ? 'heap' : 'cpu', seconds };
}

/** Whoever comes by way of a proxy of this machine is not on it. */
function isLocal({ socket, headers }: IncomingMessage): boolean {
  const isProxied = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
  return !isProxied && LOCAL_ADDRESSES.has(socket.remoteAddress ?? '');
}

/** A heap holds secrets, so nobody gets one from afar, whatever the console listens at. */
export async function serveProfile(
  request: IncomingMessage,
  response: ServerResponse,
  source: ProfileSource,
): Promise<void> {
  const refuse = ({ status, text }: Refusal) =>
    void response
      .writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' })
      .end(text);
  if (!isLocal(request)) return refuse({ status: 403, text: 'profiles are given to this machine only\n' });
  if (!source.enabled()) return refuse({ status: 404, text: DISABLED });
  const wish = profileWish(new URL(request.url ?? '/', 'http://console'));
  if ('status' in wish) return refuse(wish);
  const { from, kind, seconds } = wish;
  const left = new AbortController();
  response.once('close', () => left.abort(new Error('nobody waits for the profile any more')));
  const profile = await source.take(from, kind, seconds, left.signal).catch((error: unknown) => messageOf(error));
  if (typeof profile === 'string') return refuse({ status: 503, text: `${profile}\n` });
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-disposition': `attachment; filename="ebb-${from}.${PROFILE_ENDINGS[kind]}"`,
    'cache-control': 'no-store',
  });
  await pipeline(profile, response);
}
