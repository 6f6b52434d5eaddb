// An invocation that is not waited for, or only by its status.

import { isRecord } from '#base/mod.ts';
import { Failure } from '../failure.ts';
import type { CliPorts } from '../ports.ts';
import type { Ask, Asked, Told } from './ask.ts';

/** How long one question waits for the end; then it is asked anew. */
const WAIT = 'wait=30';

/** Hands a request over. Gives its id, and where its status is; undefined where the service answered at once. */
export async function handOver(
  asked: Asked,
  ask: Ask,
  ports: CliPorts,
): Promise<{ readonly id: string; readonly location: string } | undefined> {
  let body = '';
  const { prefer } = asked.headers;
  const headers = { ...asked.headers, prefer: prefer === undefined ? 'respond-async' : `${prefer}, respond-async` };
  const told = await ask({ ...asked, headers }, (text) => (body += text));
  const { location, 'ebb-invocation-id': id } = told.headers;
  ports.err(`${told.line}\n`);
  if (told.status === 202 && location !== undefined && typeof id === 'string') return { id, location };
  ports.out(body);
  if (told.status >= 400) throw new Failure(`The request was not taken: the answer's status is ${told.status}.`);
  ports.err('The service answered at once: it heeds preferences itself (ebb.dev/async: disabled).\n');
  return undefined;
}

/** Waits until it is over, and hands on its result as if it had been waited for all along. */
export async function awaitResult(
  location: string,
  ask: Ask,
  ports: CliPorts,
  show: (told: Told, body: string) => void,
): Promise<void> {
  const { state, error, result } = await statusOnceOver(location, ask, ports);
  if (typeof result === 'string') {
    let body = '';
    const told = await ask({ method: 'GET', path: result, headers: {} }, (text) => (body += text));
    show(told, body);
  }
  if (state === 'succeeded') return;
  throw new Failure(`The invocation is ${String(state)}${typeof error === 'string' ? `: ${error}` : ''}.`);
}

async function statusOnceOver(location: string, ask: Ask, ports: CliPorts): Promise<Record<string, unknown>> {
  for (;;) {
    let text = '';
    const asked = { method: 'GET', path: location, headers: { prefer: WAIT } };
    const { status } = await ask(asked, (more) => (text += more));
    const told: unknown = status === 200 ? JSON.parse(text) : undefined;
    if (!isRecord(told)) throw new Failure(`The status of the invocation cannot be had: ${text.trim() || status}`);
    if (told['state'] !== 'queued' && told['state'] !== 'running') return told;
    ports.signal.throwIfAborted();
  }
}
