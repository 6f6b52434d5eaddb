// An EventPolicy finds out who its senders are.

import type { ControllerDefinition, Reader } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import type { Auth } from '#kinds/mod.ts';
import { allKinds, eventingFeaturesConfig, EventPolicy } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { splitApiVersion } from '#machinery/mod.ts';
import { followReferences } from '../resolve/follow.ts';

type Sender = NonNullable<NonNullable<EventPolicy['spec']['from']>[number]['ref']>;
type WithAuth = KubeObject & { status?: { auth?: Auth | undefined } | undefined };

/** Kinds that say in their status as whom they send. */
const senderKinds: readonly Kind<WithAuth>[] = allKinds.filter(({ schema }) => {
  const status = schema.type === 'object' ? schema.fields['status'] : undefined;
  return status?.type === 'object' && 'auth' in status.fields;
});

export function eventPolicyController(): ControllerDefinition<EventPolicy> {
  const followed = followReferences(EventPolicy, ({ spec }) => (spec.from ?? []).map(({ ref }) => ref), senderKinds);
  return defineController({
    name: 'eventpolicy-controller',
    of: EventPolicy,
    watches: followed.watches,
    indexes: followed.indexes,
    configs: [eventingFeaturesConfig],

    reconcile(turn) {
      const { object, status, mark } = turn;
      if (!turn.config(eventingFeaturesConfig).isEnabled('authentication-oidc'))
        return mark.false('AuthenticationEnabled', 'OIDCAuthenticationDisabled', '');
      mark.true('AuthenticationEnabled');
      const subjects = subjectsOf(object, turn);
      delete status.from;
      if ('fault' in subjects) return mark.false('SubjectsResolved', 'SubjectsNotResolved', subjects.fault);
      if (subjects.found.length > 0) status.from = [...subjects.found];
      mark.true('SubjectsResolved');
    },
  });
}

type Subjects = { readonly found: readonly string[] } | { readonly fault: string };

function subjectsOf({ metadata, spec }: EventPolicy, reader: Reader): Subjects {
  const found: string[] = [];
  for (const { ref, sub } of spec.from ?? []) {
    const subjects = ref ? subjectsOfObject(ref, metadata.namespace ?? '', reader) : { found: sub ? [sub] : [] };
    if ('fault' in subjects)
      return {
        fault: `failed to resolve .spec.from[].ref: could not resolve subjects from reference: ${subjects.fault}`,
      };
    found.push(...subjects.found);
  }
  return { found };
}

function subjectsOfObject(
  { apiVersion = '', kind: named, name = '', namespace: given }: Sender,
  own: string,
  reader: Reader,
): Subjects {
  const namespace = given || own;
  const { group } = splitApiVersion(apiVersion);
  const failed = (why: string) => ({
    fault: `could not resolve auth status: failed to get authenticatable ${namespace}/${name}: ${why}`,
  });
  const kind = senderKinds.find((one) => one.group === group && one.kind === named);
  if (!kind)
    return failed(`failed to get object ${namespace}/${name}: the server could not find the requested resource`);
  const object = reader.get(kind, namespace, name);
  if (!object) return failed(`${kind.names.plural}.${kind.group} ${JSON.stringify(name)} not found`);
  const { serviceAccountName, serviceAccountNames = [] } = object.status?.auth ?? {};
  const names = [...serviceAccountNames, ...(serviceAccountName ? [serviceAccountName] : [])];
  if (names.length === 0) return failed(`.status.auth is missing in object ${namespace}/${name}`);
  return { found: names.map((account) => `system:serviceaccount:${namespace}:${account}`) };
}
