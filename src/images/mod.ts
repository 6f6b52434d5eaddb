// images: OCI images on this machine. References, content by digest, layers, the store; a registry over it, and a client of others.

export * from './blobs.ts';
export { HostileLayer } from './apply-layer.ts';
export { RootRefused } from './made-here.ts';
export * from './manifest.ts';
export * from './reference.ts';
export type { Access, RegistryOptions, Wish } from './registry/server.ts';
export { RegistryServer } from './registry/server.ts';
export type { Credentials, Keyed } from './remote/credentials.ts';
export { credentialsFor, pullSecret } from './remote/credentials.ts';
export * from './remote/puller.ts';
export * from './remote/registry-client.ts';
export * from './store.ts';
