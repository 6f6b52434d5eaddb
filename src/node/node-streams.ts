// What is spoken to Pods of this node: their logs, commands in their containers, their first processes, their ports.

import { messageOf } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import { ApiError, badRequest } from '#machinery/mod.ts';
import type { ExecOptions, ExecStreams, PodStreams } from '#objects/mod.ts';
import type { RunningContainer } from './launcher.ts';
import type { StreamSources } from './node-logs.ts';
import { podLog } from './node-logs.ts';
import { attachedTo, portStream, streamsOf } from './pod-streams.ts';

export function nodeStreams(sources: StreamSources): PodStreams {
  return {
    logs: (pod, options, signal) => podLog(sources, pod, options, signal),
    ended: async (namespace) => sources.ended.list(namespace),
    exec: (pod, options, signal) => exec(sources, pod, options, signal),
    portForward: async ({ metadata }, port, signal) => {
      const worker = sources.worker(metadata.uid ?? '');
      if (!worker) throw new Error(`pod ${metadata.name} does not run here`);
      return portStream(worker.addressOf(port), signal);
    },
    attach: async (pod, options, signal) =>
      attachedTo({ running: runningOf(sources, pod, options.container) }, () =>
        podLog(sources, pod, { ...options, follow: true, tailLines: 0 }, signal),
      ),
  };
}

async function exec(sources: StreamSources, pod: Pod, options: ExecOptions, signal: AbortSignal): Promise<ExecStreams> {
  const running = runningOf(sources, pod, options.container);
  if (!running.converse) throw new ApiError(501, 'NotImplemented', 'commands cannot be run in containers of this kind');
  const conversation = await running.converse(options.command, options).catch((error: unknown) => {
    throw badRequest(`unable to start the command: ${messageOf(error)}`);
  });
  return streamsOf(conversation, options, signal);
}

/** The present run of a container. Throws as kubelet does where there is none. */
function runningOf(sources: StreamSources, { metadata }: Pod, container = ''): RunningContainer {
  const running = sources.worker(metadata.uid ?? '')?.find(container)?.running;
  if (!running) throw badRequest(`container not found (${JSON.stringify(container)})`);
  return running;
}
