// acme: certificates from an ACME server (RFC 8555), by the http-01 challenge.

export { AcmeClient } from './client.ts';
export type { AccountBinding } from './jws.ts';
export { AccountKey } from './jws.ts';
export type { HttpChallenge, OrderOptions } from './order.ts';
export { CHALLENGE_PREFIX, challengePath, orderCertificate } from './order.ts';
export { AcmeProblem } from './problem.ts';
export type { ChallengeAnswers, ChallengeServer } from './solver.ts';
export { startChallengeServer } from './solver.ts';
export type { AcmeAnswer, AcmeRequest, AcmeTransport } from './transport.ts';
export { httpsTransport } from './transport.ts';
