// pods/exec and pods/attach: the streams of a command in a container over one WebSocket, as kubectl speaks it
// (v5.channel.k8s.io and v4: the first byte of each message says which stream it belongs to).

import type { Pod } from '#kinds/mod.ts';
import { badRequest } from '#machinery/mod.ts';
import type { ExecOptions, ExecStreams } from '#objects/mod.ts';
import type { Exchange } from '../exchange.ts';
import { isTrue } from '../request/request-info.ts';
import type { Handler } from '../services.ts';
import { acceptWebSocket } from '../streaming/upgrade.ts';
import { NORMAL } from '../streaming/web-socket.ts';
import type { WebSocketEnd } from '../streaming/web-socket.ts';
import { standing } from '../verbs/reading.ts';
import { notImplemented } from './not-implemented.ts';
import { containerOf } from './pod-log.ts';

const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;
/** Of v5: the stream that is named by the next byte has ended. */
const ENDED = 255;

export const execInPod: Handler = async (exchange, target, { store, podStreams }) => {
  const { exec } = podStreams ?? {};
  const pod = standing(store, target) as Pod;
  if (!podStreams || !exec) throw notImplemented('commands in containers');
  const command = exchange.query.getAll('command');
  if (command.length === 0) throw badRequest('you must specify at least 1 command for the container');
  const options = { ...streamsAsked(exchange, pod), command };
  await converse(exchange, (signal) => exec(pod, options, signal));
};

export const attachToPod: Handler = async (exchange, target, { store, podStreams }) => {
  const { attach } = podStreams ?? {};
  const pod = standing(store, target) as Pod;
  if (!podStreams || !attach) throw notImplemented('streams of containers');
  const options = streamsAsked(exchange, pod);
  await converse(exchange, (signal) => attach(pod, options, signal));
};

/** PodExecOptions from a query. Throws 400 where nothing would be exchanged. */
function streamsAsked({ query }: Exchange, pod: Pod): Omit<ExecOptions, 'command'> {
  const [stdin, stdout, stderr, tty] = ['stdin', 'stdout', 'stderr', 'tty'].map((name) => isTrue(query.get(name)));
  if (!stdin && !stdout && !stderr) throw badRequest('you must specify at least one of stdin, stdout, stderr');
  const container = containerOf(pod, query.get('container') ?? undefined);
  // A terminal has one output.
  return {
    container,
    stdin: stdin ?? false,
    stdout: stdout ?? false,
    stderr: Boolean(stderr && !tty),
    tty: tty ?? false,
  };
}

/** The command is begun before the connection is turned, so that a refusal is still an answer of HTTP. */
async function converse(exchange: Exchange, begin: (signal: AbortSignal) => Promise<ExecStreams>): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([exchange.signal, over.signal]);
  const accept = acceptWebSocket(exchange, PROTOCOLS);
  const streams = await begin(signal);
  try {
    const socket = accept();
    const listening = hear(socket, streams)
      .catch(() => undefined)
      .then(() => over.abort(new Error('the client is gone')));
    await Promise.all([pour(socket, STDOUT, streams.stdout), pour(socket, STDERR, streams.stderr)]);
    // What a client was attached to may run for days after the client has left.
    const end = await Promise.race([streams.exit, listening]);
    if (end) await socket.send(Buffer.from([ERROR]), Buffer.from(JSON.stringify(outcomeOf(end.exitCode))));
    socket.close(NORMAL);
    await listening;
  } finally {
    // However it ends, no command goes on that nobody hears.
    over.abort(new Error('nobody listens to the command any more'));
  }
}

async function hear(socket: WebSocketEnd, { stdin, resize }: ExecStreams): Promise<void> {
  const writer = stdin?.getWriter();
  for await (const message of socket.messages()) {
    const [stream, ...rest] = [message[0], message[1]];
    const body = message.subarray(1);
    // A command that ended, or closed its input, hears no more; that is its own affair.
    if (stream === STDIN && body.length > 0) await writer?.write(body).catch(() => undefined);
    if (stream === ENDED && rest[0] === STDIN) await writer?.close().catch(() => undefined);
    if (stream === RESIZE) resizeTo(body, resize);
  }
}

function resizeTo(body: Buffer, resize: ExecStreams['resize']): void {
  try {
    const { Width, Height } = JSON.parse(body.toString()) as { Width?: number; Height?: number };
    if (Width && Height) resize(Width, Height);
  } catch {
    // A size that cannot be read leaves the terminal as it is.
  }
}

async function pour(
  socket: WebSocketEnd,
  stream: number,
  source: ReadableStream<Uint8Array> | undefined,
): Promise<void> {
  if (source) for await (const chunk of source) await socket.send(Buffer.from([stream]), chunk);
}

/** The Status by which kubectl takes the command's exit code over. */
function outcomeOf(exitCode: number): object {
  if (exitCode === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}
