// serving: Knative Serving's controllers, a folder a kind. They translate between the API's objects and the gateway's words.

export type { AcmeIssuer, AcmeSettings, CertificateIssuers, LocalIssuer } from './certificate/issuers.ts';
export * from './controllers.ts';
export { GATEWAY_HOST } from './ingress/controller.ts';
export * from './wake/watch.ts';
export type { DigestResolver, PullContext } from './revision/digests.ts';
