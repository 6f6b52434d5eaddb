// Answers questions for logs of Pods: of those that run here, of those that are gone, and of their requests.

import type { Clock } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import { QUEUE_CONTAINER } from '#kinds/mod.ts';
import { notFound } from '#machinery/mod.ts';
import type { LogOptions } from '#objects/mod.ts';
import type { EndedPods } from './ended-pods.ts';
import { runAsked, sourceAsked } from './log-choice.ts';
import { logFile, openLog, readLog, requestLogFile } from './logs.ts';
import type { PodWorker } from './pod-worker.ts';

/** What of this node streams are made of. */
export interface StreamSources {
  readonly clock: Clock;
  /** Folder with one folder for each Pod. */
  readonly folder: string;
  readonly ended: EndedPods;
  worker(podUid: string): Pick<PodWorker, 'find' | 'logOf' | 'addressOf' | 'gone'> | undefined;
}

export function podLog(
  sources: StreamSources,
  pod: Pod,
  options: LogOptions,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const source = sourceAsked(pod, options.container);
  const { uid = '' } = pod.metadata;
  if (source.kind === 'requests') return requestLog(sources, uid, options, signal);
  if (!sources.ended.has(uid)) return containerLog(sources, pod, source.name, options, signal);
  const sinceMs = sinceOf(options, sources.clock);
  return sources.ended.logs(uid, source.name, { ...options, sinceMs }, signal);
}

function containerLog(
  { clock, folder, worker: workerOf }: StreamSources,
  pod: Pod,
  container: string,
  options: LogOptions,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const { name, uid = '' } = pod.metadata;
  const worker = workerOf(uid);
  const told = pod.status?.containerStatuses;
  if (!worker && !told) throw notFound({ group: '', plural: 'pods' }, name);
  const runs = worker?.find(container);
  const status = runs?.status() ?? told?.find((one) => one.name === container);
  const last = runs?.run ?? status?.restartCount ?? 0;
  const run = runAsked({ pod: name, container, last, state: status?.state }, Boolean(options.previous));
  const isPresent = run === last && runs !== undefined;
  return readLog(
    logFile(folder, uid, container, run),
    {
      ...options,
      follow: Boolean(options.follow) && isPresent,
      ended: isPresent ? runs.ended : Promise.resolve(),
      sinceMs: sinceOf(options, clock),
      times: worker?.logOf(container, run),
    },
    signal,
  );
}

/** The times of its lines are those of the file. */
async function* requestLog(
  { clock, folder, worker: workerOf }: StreamSources,
  uid: string,
  options: LogOptions,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const worker = workerOf(uid);
  if (worker && options.follow) await openLog(folder, uid, QUEUE_CONTAINER, 0);
  const ended = worker?.gone ?? Promise.resolve();
  const follow = Boolean(options.follow) && worker !== undefined;
  yield* readLog(requestLogFile(folder, uid), { ...options, follow, ended, sinceMs: sinceOf(options, clock) }, signal);
}

/** The moment from which lines are asked for. */
function sinceOf({ sinceSeconds, sinceTime }: LogOptions, clock: Clock): number | undefined {
  if (sinceTime) return Date.parse(sinceTime);
  return sinceSeconds === undefined ? undefined : clock.now() - sinceSeconds * 1000;
}
