// An exchange around another: whoever wants to see a part of what passes overrides that part.

import type { Duplex } from 'node:stream';
import type { TlsFacts } from './tls-state.ts';
import type { BodySource, Exchange, RawHeaders, ResponseHead } from './transport.ts';

export class ExchangeShell implements Exchange {
  protected readonly inner: Exchange;

  constructor(inner: Exchange) {
    this.inner = inner;
  }

  get version(): Exchange['version'] {
    return this.inner.version;
  }
  get scheme(): Exchange['scheme'] {
    return this.inner.scheme;
  }
  get method(): string {
    return this.inner.method;
  }
  get target(): string {
    return this.inner.target;
  }
  get authority(): string {
    return this.inner.authority;
  }
  get headers(): RawHeaders {
    return this.inner.headers;
  }
  get passing(): string | undefined {
    return this.inner.passing;
  }
  get remoteAddress(): string {
    return this.inner.remoteAddress;
  }
  get tls(): TlsFacts | undefined {
    return this.inner.tls;
  }
  get isOwn(): boolean | undefined {
    return this.inner.isOwn;
  }
  get bodyLength(): number | undefined {
    return this.inner.bodyLength;
  }
  get body(): BodySource {
    return this.inner.body;
  }
  get upgrade(): string | undefined {
    return this.inner.upgrade;
  }
  get headSent(): boolean {
    return this.inner.headSent;
  }
  get extensible(): boolean {
    return this.inner.extensible;
  }

  inform(head: ResponseHead): void {
    this.inner.inform(head);
  }

  respond(head: ResponseHead, ends: boolean): void {
    this.inner.respond(head, ends);
  }

  write(chunk: Uint8Array): boolean {
    return this.inner.write(chunk);
  }

  onDrain(run: () => void): void {
    this.inner.onDrain(run);
  }

  end(trailers?: RawHeaders): void {
    this.inner.end(trailers);
  }

  switchProtocols(headers: RawHeaders): Duplex {
    return this.inner.switchProtocols(headers);
  }

  abort(): void {
    this.inner.abort();
  }

  onClosed(run: (complete: boolean) => void): void {
    this.inner.onClosed(run);
  }
}
