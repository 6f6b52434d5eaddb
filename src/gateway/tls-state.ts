// What is known of the TLS that a request came by, and how Go's `tls.ConnectionState` says it.

import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

export interface TlsFacts {
  /** As OpenSSL names it: `TLSv1.3`. */
  readonly version: string;
  /** By its name at IANA. */
  readonly cipher: string;
  /** What ALPN has settled on; empty where the client offered nothing. */
  readonly protocol: string;
  /** Empty where the client named none. */
  readonly serverName: string;
  readonly isResumed: boolean;
}

/** Undefined where there is no TLS. A connection that is closed knows less: ask while it is open. */
export function tlsFactsOf(connection: Duplex | undefined): TlsFacts | undefined {
  const socket = connection as TLSSocket | undefined;
  if (!socket?.encrypted) return undefined;
  const { alpnProtocol, servername } = socket as { alpnProtocol: string | false | null; servername?: string | false };
  return {
    version: socket.getProtocol() ?? '',
    // Of a closed connection Node gives none, whatever its types say.
    cipher: (socket.getCipher() as { standardName: string } | undefined)?.standardName ?? '',
    protocol: alpnProtocol || '',
    serverName: servername || '',
    isResumed: socket.isSessionReused(),
  };
}

/** With Go's names and numbers; 0 for what has none. */
export function connectionState({ version, cipher, protocol, serverName, isResumed }: TlsFacts): object {
  return {
    Version: VERSIONS[version] ?? 0,
    HandshakeComplete: true,
    DidResume: isResumed,
    CipherSuite: CIPHER_SUITES[cipher] ?? 0,
    NegotiatedProtocol: protocol,
    NegotiatedProtocolIsMutual: true,
    ServerName: serverName,
  };
}

const VERSIONS: Readonly<Record<string, number>> = {
  TLSv1: 0x0301,
  'TLSv1.1': 0x0302,
  'TLSv1.2': 0x0303,
  'TLSv1.3': 0x0304,
};

/** Those of IANA's registry that a server of today agrees to. */
const CIPHER_SUITES: Readonly<Record<string, number>> = {
  TLS_AES_128_GCM_SHA256: 0x1301,
  TLS_AES_256_GCM_SHA384: 0x1302,
  TLS_CHACHA20_POLY1305_SHA256: 0x1303,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 0xc02b,
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 0xc02c,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 0xcca9,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 0xc023,
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384: 0xc024,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 0xc009,
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 0xc00a,
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 0xc02f,
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 0xc030,
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 0xcca8,
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 0xc027,
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384: 0xc028,
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 0xc013,
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 0xc014,
  TLS_RSA_WITH_AES_128_GCM_SHA256: 0x009c,
  TLS_RSA_WITH_AES_256_GCM_SHA384: 0x009d,
  TLS_RSA_WITH_AES_128_CBC_SHA256: 0x003c,
  TLS_RSA_WITH_AES_256_CBC_SHA256: 0x003d,
  TLS_RSA_WITH_AES_128_CBC_SHA: 0x002f,
  TLS_RSA_WITH_AES_256_CBC_SHA: 0x0035,
};
