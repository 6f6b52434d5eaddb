// The streams of a container's programs as the API takes them.

import { connect } from 'node:net';
import { Duplex, Readable, Writable } from 'node:stream';
import type { ExecOptions, ExecStreams, PortStream } from '#objects/mod.ts';
import type { Conversation, RunningContainer } from './launcher.ts';

/** A command's streams, those that were asked for; it ends with the signal. */
export function streamsOf(
  { stdin, stdout, stderr, exited, resize, kill }: Conversation,
  asked: Pick<ExecOptions, 'stdout' | 'stderr'>,
  signal: AbortSignal,
): ExecStreams {
  // Whoever asked may have left while the command was begun.
  if (signal.aborted) kill();
  else signal.addEventListener('abort', kill, { once: true });
  return {
    ...(stdin ? { stdin: Writable.toWeb(stdin) as WritableStream<Uint8Array> } : {}),
    ...heard('stdout', stdout, asked.stdout),
    ...heard('stderr', stderr, asked.stderr),
    resize,
    exit: exited.then((exitCode) => ({ exitCode })).finally(() => signal.removeEventListener('abort', kill)),
  };
}

/** An output that nobody asked for is read all the same, so that whoever writes it is not held up. */
function heard(
  name: 'stdout' | 'stderr',
  source: Readable | undefined,
  isAsked: boolean,
): Pick<ExecStreams, 'stdout' | 'stderr'> {
  if (source && isAsked) return { [name]: Readable.toWeb(source) as ReadableStream<Uint8Array> };
  source?.resume();
  return {};
}

/** What a container's first process writes from now on. It reads nothing: its input is empty from the start. */
export function attachedTo(
  { running }: { readonly running: RunningContainer },
  follow: () => AsyncIterable<Uint8Array>,
): ExecStreams {
  return {
    stdout: ReadableStream.from<Uint8Array>(follow()),
    resize: () => {},
    exit: running.exited.then(({ code }) => ({ exitCode: code })),
  };
}

/** A connection to where a port of a Pod is really reached. Rejects as the system refuses it. */
export function portStream(
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<PortStream> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect({ host, port, allowHalfOpen: true });
    const leave = () => socket.destroy();
    signal.addEventListener('abort', leave, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', leave));
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => socket.destroy());
      const { readable, writable } = Duplex.toWeb(socket);
      resolve({ readable: readable as ReadableStream<Uint8Array>, writable: writable as WritableStream<Uint8Array> });
    });
  });
}
