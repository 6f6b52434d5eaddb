// gRPC probes: grpc.health.v1 Health/Check over HTTP/2 without TLS.

import { connect } from 'node:http2';
import type { Address, ProbeVerdict } from './probe-verdict.ts';
import { failed, OK, plain } from './probe-verdict.ts';

export function tryGrpc(service: string, { host, port }: Address, signal: AbortSignal): Promise<ProbeVerdict> {
  return new Promise((resolve) => {
    const session = connect(`http://${host.includes(':') ? `[${host}]` : host}:${port}`);
    const end = (verdict: ProbeVerdict) => {
      session.destroy();
      resolve(verdict);
    };
    const onError = (error: Error) => end(failed(`rpc error: ${plain(error)}`));
    session.on('error', onError);
    session.once('close', () => resolve(failed('rpc error: the connection was closed before an answer came')));
    signal.addEventListener('abort', () => end(failed('timeout: health rpc did not complete')), { once: true });
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const body: Buffer[] = [];
    let status = '';
    stream.on('response', (headers) => (status = String(headers['grpc-status'] ?? status)));
    stream.on('trailers', (trailers) => (status = String(trailers['grpc-status'] ?? status)));
    stream.on('data', (chunk: Buffer) => body.push(chunk));
    stream.on('error', onError);
    stream.once('end', () => setImmediate(() => end(verdictOf(Buffer.concat(body), status))));
    stream.end(requestFor(service));
  });
}

/** HealthCheckRequest in a gRPC frame: field 1 holds the service's name. */
function requestFor(service: string): Buffer {
  const name = Buffer.from(service);
  const message = name.length > 0 ? Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]) : name;
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >> 7)];
}

/** HealthCheckResponse: field 1 is 1 for SERVING. */
function verdictOf(body: Buffer, status: string): ProbeVerdict {
  if (status !== '' && status !== '0')
    return failed(
      status === '12'
        ? 'this server does not implement the grpc health protocol (grpc.health.v1.Health)'
        : `rpc error: code = ${status}`,
    );
  const isServing = body.length >= 7 && body[5] === 0x08 && body[6] === 1;
  return isServing ? OK : failed('service unhealthy (responded with "NOT_SERVING")');
}
