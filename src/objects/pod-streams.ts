// The port by which the API reaches into running Pods. The node agent fills it; the API server and the console ask.

import type { Pod } from '#kinds/mod.ts';

/** PodLogOptions of core/v1. */
export interface LogOptions {
  /** The only container's name where absent. */
  readonly container?: string;
  readonly follow?: boolean;
  /** Of the run before the present one. */
  readonly previous?: boolean;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  /** RFC 3339. */
  readonly sinceTime?: string;
  /** Each line begins with its time, RFC 3339 with nanoseconds. */
  readonly timestamps?: boolean;
  readonly limitBytes?: number;
  /** Of a Pod that is gone. */
  readonly ended?: boolean;
}

/** What to run in a container, and how it is spoken to. */
export interface ExecOptions {
  readonly container?: string;
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** The near ends of a process's streams. The caller writes stdin and reads the others. */
export interface ExecStreams {
  readonly stdin?: WritableStream<Uint8Array>;
  readonly stdout?: ReadableStream<Uint8Array>;
  readonly stderr?: ReadableStream<Uint8Array>;
  /** Only with a tty. */
  resize(columns: number, rows: number): void;
  /** How it ended; a signal counts as 128 and its number. */
  readonly exit: Promise<{ readonly exitCode: number }>;
}

/** A connection to a port of a Pod. */
export interface PortStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** Throws ApiError as a kubelet refuses: 400 for an unknown container, 404 for a Pod that is not here. */
export interface PodStreams {
  /** Ends when the log does, or, following, when the container does or the signal says so. */
  logs(pod: Pod, options: LogOptions, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Pods of a namespace (of all where it is empty) that are gone and whose logs are still kept: as they were at their end, oldest first. */
  ended?(namespace: string): Promise<readonly Pod[]>;
  /** Absent where the launcher cannot. */
  exec?(pod: Pod, options: ExecOptions, signal: AbortSignal): Promise<ExecStreams>;
  /** The streams of the container's own first process. */
  attach?(pod: Pod, options: Omit<ExecOptions, 'command'>, signal: AbortSignal): Promise<ExecStreams>;
  portForward?(pod: Pod, port: number, signal: AbortSignal): Promise<PortStream>;
}
