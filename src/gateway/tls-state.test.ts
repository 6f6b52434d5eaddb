import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { connectionState, tlsFactsOf } from './tls-state.ts';

test.each([
  ['TLSv1.3', 'TLS_AES_128_GCM_SHA256', 772, 4865],
  ['TLSv1.2', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 771, 49199],
  ['TLSv1.1', 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 770, 49162],
  ['TLSv1', 'TLS_RSA_WITH_AES_128_CBC_SHA', 769, 47],
  ['', '', 0, 0],
])('%s with %s in the numbers of Go', (version, cipher, Version, CipherSuite) => {
  const facts = { version, cipher, protocol: 'h2', serverName: 'shop.test', isResumed: true };
  expect(connectionState(facts)).toEqual({
    Version,
    HandshakeComplete: true,
    DidResume: true,
    CipherSuite,
    NegotiatedProtocol: 'h2',
    NegotiatedProtocolIsMutual: true,
    ServerName: 'shop.test',
  });
});

test('without TLS there is nothing to tell', () => {
  expect(tlsFactsOf(new Socket())).toBeUndefined();
  expect(tlsFactsOf(undefined)).toBeUndefined();
});
