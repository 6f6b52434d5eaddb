// The data process's back door, a unix socket: by it the control process reads what the other has measured, tells it what to
// do with it, and takes its profiles. What the gateway does for requests is not its business: that is the link's.

import { chmod, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request } from 'node:http';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';
import type { Family, ProfileKind, TelemetrySettings } from '#telemetry/mod.ts';
import { takeProfile } from '#telemetry/mod.ts';
import type { ProcessTelemetry } from './process-telemetry.ts';

/** Serves for this user alone. */
export async function serveDataAdmin(path: string, telemetry: ProcessTelemetry): Promise<{ close(): void }> {
  await rm(path, { force: true });
  const server = createServer((asked, response) => {
    answer(asked, response, telemetry).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end(messageOf(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return { close: () => void server.close() };
}

async function answer(asked: IncomingMessage, response: ServerResponse, telemetry: ProcessTelemetry): Promise<void> {
  const url = new URL(asked.url ?? '/', 'http://data');
  switch (`${asked.method} ${url.pathname}`) {
    case 'GET /metrics':
      return void response.end(JSON.stringify(telemetry.metrics.families()));
    case 'PUT /settings':
      // An exporter may take its time to end; what is new holds for logs and spans at once.
      void telemetry.configure(JSON.parse(await text(asked)) as TelemetrySettings);
      return void response.end();
    case 'GET /profile': {
      const kind = url.searchParams.get('kind') === 'heap' ? 'heap' : 'cpu';
      const left = new AbortController();
      response.once('close', () => left.abort(new Error('nobody waits for the profile any more')));
      return pipeline(await takeProfile(kind, Number(url.searchParams.get('seconds')), left.signal), response);
    }
    default:
      return void response.writeHead(404).end();
  }
}

/** The control process's end. */
export interface DataAdmin {
  /** What has been measured there; empty while it cannot be asked. */
  families(): Promise<readonly Family[]>;
  /** Rejects while it cannot be told. */
  configure(settings: TelemetrySettings): Promise<void>;
  profile(kind: ProfileKind, seconds: number, signal: AbortSignal): Promise<Readable>;
}

/** Whoever reads the metrics waits for this; a process that hangs must not hang them. */
const ANSWER_MS = 5000;
/** A heap is written out before it is sent. */
const PROFILE_MS = 60_000;

export function dataAdmin(socketPath: string, clock: Clock): DataAdmin {
  const ask = (method: string, path: string, signal: AbortSignal, body?: string) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const asked = request({ socketPath, path, method, signal }, (response) => {
        if (response.statusCode === 200) return resolve(response);
        void text(response).then((why) => reject(new Error(why)), reject);
      });
      asked.once('error', (error) => reject(signal.aborted ? signal.reason : error));
      asked.end(body);
    });
  return {
    families: async () => {
      try {
        return await within(clock, ANSWER_MS, async (late) => {
          return JSON.parse(await text(await ask('GET', '/metrics', late))) as Family[];
        });
      } catch {
        // It is away or hangs, or went in the middle of its answer.
        return [];
      }
    },
    configure: (settings) =>
      within(clock, ANSWER_MS, async (late) => {
        await text(await ask('PUT', '/settings', late, JSON.stringify(settings)));
      }),
    // The answer begins when the profile is taken; how long it takes to read is the reader's affair.
    profile: (kind, seconds, signal) =>
      within(clock, seconds * 1000 + PROFILE_MS, (late) =>
        ask('GET', `/profile?kind=${kind}&seconds=${seconds}`, AbortSignal.any([signal, late])),
      ),
  };
}

/** Ends what takes longer. */
async function within<T>(clock: Clock, ms: number, work: (late: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  const timer = clock.after(ms, () => late.abort(new Error(`the data process gave no answer within ${ms / 1000} s`)));
  try {
    return await work(late.signal);
  } finally {
    timer.cancel();
  }
}
