// apiserver: HTTP over objects: discovery, OpenAPI, verbs, watch, subresources, and who may do what.

export { definitionAdmission } from './definitions/admission.ts';
export { builtInResources, seedDefinitions, seedRoles } from './definitions/seed.ts';
export { startDefinitions } from './definitions/upkeep.ts';
export * from './admission/config-maps.ts';
export * from './admission/disk-space.ts';
export * from './admission/dry-run-pods.ts';
export * from './admission/escalation.ts';
export * from './admission/host-paths.ts';
export * from './admission/limit-ranges.ts';
export * from './admission/links.ts';
export * from './admission/quotas.ts';
export * from './admission/runtime-classes.ts';
export * from './admission/service-accounts.ts';
export * from './authn/authenticator.ts';
export * from './authn/service-account-tokens.ts';
export * from './authn/user-tokens.ts';
export * from './authz/aggregator.ts';
export * from './authz/attributes.ts';
export * from './authz/default-roles.ts';
export * from './authz/rbac.ts';
export * from './authz/store-source.ts';
export type { HealthCheck } from './info/health.ts';
export * from './server.ts';
