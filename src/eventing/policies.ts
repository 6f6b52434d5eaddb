// Which event policies apply to an object, and what it says of them.

import type { Turn, Watch } from '#engine/mod.ts';
import { watch } from '#engine/mod.ts';
import { eventingFeaturesConfig, EventPolicy } from '#kinds/mod.ts';
import type { EventingFeatures } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { isReady, keyOf, matchesLabelSelector, splitApiVersion } from '#machinery/mod.ts';
import type { AccessRule } from '#events/mod.ts';
import { filtersOf } from './streams/filters.ts';

type Target = NonNullable<EventPolicy['spec']['to']>[number];
type WithPolicies = KubeObject & {
  status?: { policies?: { apiVersion?: string | undefined; name?: string | undefined }[] | undefined } | undefined;
};

/** The policies of the object's namespace that are about it, by name. */
export function applyingPolicies(object: KubeObject, policies: readonly EventPolicy[]): readonly EventPolicy[] {
  const applies = ({ spec: { to = [] } }: EventPolicy) =>
    to.length === 0 || to.some((target) => isMeant(target, object));
  return policies.filter(applies).toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

function isMeant({ ref, selector }: Target, { apiVersion, kind, metadata }: KubeObject): boolean {
  const named = ref ?? selector;
  const isKind =
    splitApiVersion(named?.apiVersion ?? '').group.toLowerCase() === splitApiVersion(apiVersion).group.toLowerCase() &&
    named?.kind?.toLowerCase() === kind.toLowerCase();
  if (ref) return isKind && ref.name?.toLowerCase() === metadata.name.toLowerCase();
  if (!selector || !isKind) return false;
  const { matchLabels, matchExpressions = [] } = selector;
  const expressions = matchExpressions.map(({ key = '', operator = '', values }) => ({ key, operator, values }));
  return matchesLabelSelector({ matchLabels, matchExpressions: expressions }, metadata.labels);
}

/** A look at the objects of a kind in a namespace in which a policy changed. */
export function watchPolicies<O extends KubeObject>(kind: Kind<O>): Watch {
  return watch(EventPolicy, ({ metadata }, reader) => reader.list(kind, metadata.namespace ?? '').map(keyOf));
}

const CONDITION = 'EventPoliciesReady';

/** Says in the status which policies apply, and whether all of them hold. */
export function settlePolicies<O extends WithPolicies>(turn: Turn<O>): readonly EventPolicy[] {
  const { object, mark } = turn;
  const features = turn.config(eventingFeaturesConfig);
  const status = turn.status as NonNullable<WithPolicies['status']>;
  if (!features.isEnabled('authentication-oidc')) {
    delete status.policies;
    const why = 'Feature "authentication-oidc" must be enabled to support Authorization';
    mark.trueWith(CONDITION, 'OIDCDisabled', why);
    return [];
  }
  const policies = applyingPolicies(object, turn.list(EventPolicy, object.metadata.namespace ?? ''));
  const ready = policies.filter(isReady);
  if (ready.length > 0)
    status.policies = ready.map(({ apiVersion, metadata }) => ({ apiVersion, name: metadata.name }));
  else delete status.policies;
  const names = policies.filter((policy) => !isReady(policy)).map(({ metadata }) => metadata.name);
  if (policies.length === 0)
    mark.trueWith(CONDITION, 'DefaultAuthorizationMode', `Default authz mode is "${modeText(features)}"`);
  else if (names.length > 0)
    mark.false(CONDITION, 'EventPoliciesNotReady', `event policies ${names.join(', ')} are not ready`);
  else mark.true(CONDITION);
  return ready;
}

/** A mode as Knative spells it: `Allow-Same-Namespace`. */
function modeText({ authorizationMode }: EventingFeatures): string {
  return authorizationMode.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase());
}

/** The audience of an object's addresses: its kind and name, in lower case. */
export function audienceOf({ apiVersion, kind, metadata }: KubeObject): string {
  return `${splitApiVersion(apiVersion).group}/${kind}/${metadata.namespace}/${metadata.name}`.toLowerCase();
}

/** Whom an address lets in; undefined where nobody is asked. */
export function accessOf(
  object: KubeObject,
  features: EventingFeatures,
  policies: readonly EventPolicy[],
): AccessRule | undefined {
  if (!features.isEnabled('authentication-oidc')) return undefined;
  return {
    audience: audienceOf(object),
    otherwise: features.authorizationMode,
    policies: applyingPolicies(object, policies)
      .filter(isReady)
      .map(({ metadata, spec, status }) => ({
        name: metadata.name,
        subjects: status?.from ?? [],
        filters: filtersOf(spec.filters),
      })),
  };
}
