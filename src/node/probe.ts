// One try of a probe or hook (core/v1 Probe, LifecycleHandler): http, tcp, exec, sleep or gRPC.

import { connect } from 'node:net';
import type { Clock } from '#base/mod.ts';
import { messageOf, sleep } from '#base/mod.ts';
import type { Container, LifecycleHandler, Probe } from '#kinds/mod.ts';
import { tryGrpc } from './probe-grpc.ts';
import { notAnswered, tryHttp, urlOf } from './probe-http.ts';
import type { Address, ProbeVerdict } from './probe-verdict.ts';
import { failed, notConnected, OK, plain, REFUSED } from './probe-verdict.ts';

/** How a container is reached. */
export interface ProbeTarget {
  /** Where a container port is really reached. */
  address(port: number): Address;
  exec(command: readonly string[], timeoutMs: number): Promise<number>;
  /** Whether a program listens there, found out without a connection; undefined where only that tells. */
  isListening?(address: Address): boolean | undefined;
}

type Action = Probe | LifecycleHandler;

/** Tries once, within the probe's timeout. Never throws. */
export function tryProbe(probe: Probe, container: Container, target: ProbeTarget, clock: Clock): Promise<ProbeVerdict> {
  return tryAction(probe, (probe.timeoutSeconds || 1) * 1000, container, target, clock);
}

/**
 * What a try would find, where that can be told without one: it fails where nobody listens, and a TCP probe asks for no more than
 * a program that does. Undefined where it takes a try.
 */
export function foreseen(probe: Probe, container: Container, target: ProbeTarget): ProbeVerdict | undefined {
  const asked = probe.httpGet ?? probe.tcpSocket;
  if (!asked || asked.host) return undefined;
  const port = findPort(asked.port, container);
  if (port === undefined) return undefined;
  const address = target.address(port);
  const listens = target.isListening?.(address);
  if (listens === undefined) return undefined;
  if (probe.httpGet) return listens ? undefined : notAnswered(urlOf(probe.httpGet, address), REFUSED);
  return listens ? OK : notConnected(address, REFUSED);
}

/** Runs a hook to its end, or for as long as it may take. Never throws. */
export function runHook(
  hook: LifecycleHandler,
  mayTakeMs: number,
  container: Container,
  target: ProbeTarget,
  clock: Clock,
): Promise<ProbeVerdict> {
  return tryAction(hook, mayTakeMs, container, target, clock);
}

async function tryAction(
  action: Action,
  timeoutMs: number,
  container: Container,
  target: ProbeTarget,
  clock: Clock,
): Promise<ProbeVerdict> {
  const late = new AbortController();
  const timer = clock.after(timeoutMs, () => late.abort(new Error('context deadline exceeded')));
  try {
    return await attempt(action, { container, target, clock, timeoutMs, signal: late.signal });
  } catch (error) {
    return failed(messageOf(late.signal.aborted ? late.signal.reason : error));
  } finally {
    timer.cancel();
  }
}

interface Attempt {
  readonly container: Container;
  readonly target: ProbeTarget;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

async function attempt(
  action: Action,
  { container, target, clock, timeoutMs, signal }: Attempt,
): Promise<ProbeVerdict> {
  const { httpGet, tcpSocket, exec } = action;
  const at = (port: number | string, host?: string): Address => {
    const number = portNumber(port, container);
    return host ? { host, port: number } : target.address(number);
  };
  if (httpGet) return tryHttp(httpGet, at(httpGet.port, httpGet.host), signal);
  if (tcpSocket) return tryTcp(at(tcpSocket.port, tcpSocket.host), signal);
  if ('grpc' in action && action.grpc) return tryGrpc(action.grpc.service ?? '', at(action.grpc.port), signal);
  if (exec) return tryExec(exec.command ?? [], target, timeoutMs, signal);
  if ('sleep' in action && action.sleep) await sleep(clock, action.sleep.seconds * 1000, signal);
  return OK;
}

function portNumber(port: number | string, container: Container): number {
  const number = findPort(port, container);
  if (number !== undefined) return number;
  throw new Error(`container ${JSON.stringify(container.name)} has no port ${JSON.stringify(port)}`);
}

function findPort(port: number | string, { ports = [] }: Container): number | undefined {
  const number =
    typeof port === 'number' ? port : (ports.find(({ name }) => name === port)?.containerPort ?? Number(port));
  return Number.isInteger(number) && number > 0 && number < 65_536 ? number : undefined;
}

function tryTcp({ host, port }: Address, signal: AbortSignal): Promise<ProbeVerdict> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (verdict: ProbeVerdict) => {
      socket.destroy();
      resolve(verdict);
    };
    signal.addEventListener('abort', () => end(failed(`dial tcp ${host}:${port}: i/o timeout`)), { once: true });
    socket.once('connect', () => end(OK));
    socket.once('error', (error) => end(notConnected({ host, port }, plain(error))));
  });
}

async function tryExec(
  command: readonly string[],
  { exec }: ProbeTarget,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeVerdict> {
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener(
      'abort',
      () => reject(new Error(`command ${JSON.stringify(command.join(' '))} timed out`)),
      { once: true },
    );
  });
  const code = await Promise.race([exec(command, timeoutMs), late]);
  return code === 0 ? OK : failed(`command ${JSON.stringify(command.join(' '))} ended with code ${code}`);
}
