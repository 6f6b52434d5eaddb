// Admission of CustomResourceDefinitions: what is filled in, what cannot be served, and what may not go.

import { messageOf } from '#base/mod.ts';
import type { CrdSpec, CustomResourceDefinition } from '#kinds/mod.ts';
import { CustomResourceDefinition as CrdKind } from '#kinds/mod.ts';
import { forbidden, invalid, kindsOfCrd, Problems } from '#machinery/mod.ts';
import type { AdmissionPlugin } from '#objects/mod.ts';

/** Holds a definition until its objects are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

/** `isBuiltIn` says whether a resource (`group/plural`) is one that the platform itself defines. */
export function definitionAdmission(isBuiltIn: (resource: string) => boolean): AdmissionPlugin {
  return {
    admit({ kind, operation, object, subresource }) {
      if (kind.resource !== CrdKind.resource || !object || subresource) return;
      const crd = object as CustomResourceDefinition;
      fillIn(crd.spec);
      if (operation === 'CREATE')
        crd.metadata.finalizers = [...new Set([...(crd.metadata.finalizers ?? []), CLEANUP_FINALIZER])];
    },
    validate({ kind, operation, object, before, subresource }) {
      if (kind.resource !== CrdKind.resource || subresource) return;
      if (operation === 'DELETE') return refuseRemoval(before as CustomResourceDefinition, isBuiltIn);
      const crd = object as CustomResourceDefinition;
      const problems = new Problems();
      check(crd, before as CustomResourceDefinition | undefined, problems);
      if (!problems.isEmpty) throw invalid(CrdKind, crd.metadata.name, problems.all);
    },
  };
}

function fillIn({ names, ...spec }: CrdSpec): void {
  if (!names) return;
  names.singular ||= names.kind?.toLowerCase();
  names.listKind ||= `${names.kind}List`;
  spec.conversion ??= { strategy: 'None' };
}

function refuseRemoval({ metadata, spec }: CustomResourceDefinition, isBuiltIn: (resource: string) => boolean): void {
  if (!isBuiltIn(`${spec.group}/${spec.names.plural}`)) return;
  throw forbidden(
    { group: CrdKind.group, plural: CrdKind.names.plural },
    metadata.name,
    'this definition is part of the platform and cannot be deleted',
  );
}

function check(crd: CustomResourceDefinition, before: CustomResourceDefinition | undefined, problems: Problems): void {
  const { group, names, versions, scope, conversion } = crd.spec;
  const spec = problems.under('spec');
  if (crd.metadata.name !== `${names.plural}.${group}`)
    problems.invalid('metadata.name', crd.metadata.name, 'must be spec.names.plural+"."+spec.group');
  if (!group.includes('.')) spec.invalid('group', group, 'should be a domain with at least one dot');
  if (scope !== 'Namespaced' && scope !== 'Cluster') spec.notSupported('scope', scope, ['Cluster', 'Namespaced']);
  if (versions.filter(({ storage }) => storage).length !== 1)
    spec.invalid(
      'versions',
      versions.map(({ name }) => name),
      'must have exactly one version marked as storage version',
    );
  if (conversion && conversion.strategy !== 'None')
    spec.notSupported('conversion.strategy', conversion.strategy, ['None']);
  for (const [index, { schema }] of versions.entries())
    if (!schema?.openAPIV3Schema) spec.required(`versions[${index}].schema.openAPIV3Schema`, 'schemas are required');
  if (before) checkKept(crd.spec, before.spec, spec);
  if (problems.isEmpty) checkServable(crd, problems);
}

function checkKept(after: CrdSpec, before: CrdSpec, spec: Problems): void {
  if (after.scope !== before.scope) spec.invalid('scope', after.scope, 'field is immutable');
  if (after.names.kind !== before.names.kind) spec.invalid('names.kind', after.names.kind, 'field is immutable');
}

function checkServable(crd: CustomResourceDefinition, problems: Problems): void {
  try {
    kindsOfCrd(crd);
  } catch (thrown) {
    problems.invalid(
      'spec.versions',
      crd.spec.versions.map(({ name }) => name),
      messageOf(thrown),
    );
  }
}
