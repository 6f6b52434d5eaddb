// HTTP probes: what answers 200 to 399 is well; redirects on the same host are followed, as kubelet does.

import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as requestTls } from 'node:https';
import type { HttpGetAction } from '#kinds/mod.ts';
import type { Address, ProbeVerdict } from './probe-verdict.ts';
import { failed, OK, plain } from './probe-verdict.ts';

const MOST_REDIRECTS = 10;

export async function tryHttp(action: HttpGetAction, address: Address, signal: AbortSignal): Promise<ProbeVerdict> {
  const first = urlOf(action, address);
  const headers: Record<string, string> = { 'user-agent': 'kube-probe/1.34', accept: '*/*', connection: 'close' };
  for (const { name, value } of action.httpHeaders ?? []) headers[name.toLowerCase()] = value;
  try {
    return await follow(first, headers, signal);
  } catch (error) {
    const why = signal.aborted ? 'context deadline exceeded' : error instanceof Error ? plain(error) : String(error);
    return notAnswered(first, why);
  }
}

/** Where such a probe asks first. */
export function urlOf({ path, scheme }: HttpGetAction, { host, port }: Address): URL {
  const url = new URL(`${scheme === 'HTTPS' ? 'https' : 'http'}://${bracketed(host)}:${port}`);
  const [pathname = '/', ...query] = (path || '/').split('?');
  url.pathname = pathname;
  url.search = query.join('?');
  return url;
}

export const notAnswered = ({ href }: URL, why: string): ProbeVerdict => failed(`Get ${JSON.stringify(href)}: ${why}`);

async function follow(
  first: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ProbeVerdict> {
  let url = first;
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    const { statusCode = 0, headers: answer } = await ask(url, headers, signal);
    if (statusCode < 200 || statusCode >= 400) return failed(`HTTP probe failed with statuscode: ${statusCode}`);
    const next = statusCode >= 300 && answer.location ? new URL(answer.location, url) : undefined;
    if (!next || next.hostname !== first.hostname) return OK;
    url = next;
  }
  throw new Error(`stopped after ${MOST_REDIRECTS} redirects`);
}

const MOST_BYTES = 10 * 1024;

/** An answer, once its body has come, or as much of it as kubelet would read. */
function ask(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const isTls = url.protocol === 'https:';
    const asking = (isTls ? requestTls : request)(
      url,
      { headers, signal, agent: false, ...(isTls ? { rejectUnauthorized: false } : {}) },
      (response) => {
        let seen = 0;
        response.on('data', (chunk: Buffer) => {
          seen += chunk.length;
          if (seen < MOST_BYTES) return;
          resolve(response);
          response.destroy();
        });
        response.once('end', () => resolve(response));
        response.once('error', reject);
      },
    );
    asking.once('error', reject);
    asking.end();
  });
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
