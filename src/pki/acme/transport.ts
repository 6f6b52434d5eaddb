// How an ACME server is spoken to: the port, and its home over HTTPS with a CA of the user's choice.

import { request } from 'node:https';
import { rootCertificates } from 'node:tls';

export interface AcmeRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: string;
  readonly body?: string;
}

export interface AcmeAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** Sends one request. Rejects where no answer came. */
export type AcmeTransport = (request: AcmeRequest, signal: AbortSignal) => Promise<AcmeAnswer>;

const MAX_BODY = 1 << 20;
const SILENCE_MS = 30_000;

/** `caPem`: whom to trust beside the usual CAs; empty for those alone. */
export function httpsTransport(caPem: string, userAgent: string): AcmeTransport {
  return ({ method, url, body }, signal) =>
    new Promise((resolve, reject) => {
      const headers = {
        'user-agent': userAgent,
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/jose+json', 'content-length': Buffer.byteLength(body) }),
      };
      const trusted = caPem ? { ca: [...rootCertificates, caPem] } : {};
      const outgoing = request(url, { method, headers, signal, timeout: SILENCE_MS, ...trusted }, (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_BODY) response.destroy(new Error(`${url} answered more than ${MAX_BODY} bytes`));
          else chunks.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers as Record<string, string | undefined>,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error(`${url} was silent for ${SILENCE_MS / 1000} s`)));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
}
