// A DomainMapping gives something addressable a domain name of the user's own: claim the name, find what it leads to, lead there.

import { messageOf } from '#base/mod.ts';
import type { Turn } from '#engine/mod.ts';
import { defineController, index, watch } from '#engine/mod.ts';
import {
  Certificate,
  ClusterDomainClaim,
  DOMAIN_MAPPING_FINALIZER,
  DomainMapping,
  INGRESS_CLASS_KEYS,
  KIngress,
  networkConfig,
} from '#kinds/mod.ts';
import { isReason, keyOf } from '#machinery/mod.ts';
import { httpOptionOf } from '../http-option.ts';
import { INGRESS_NOT_CONFIGURED, propagateIngress } from '../ingress-ready.ts';
import { firstOf } from '../metadata.ts';
import { outsidePorts, outsideUrl, watchOutside } from '../outside.ts';
import type { MappingIngressParts } from './children.ts';
import { claimOf, ingressOf } from './children.ts';
import { judgeClaim, releasesClaim } from './claim.ts';
import type { Backend } from './resolve.ts';
import { addressableKinds, referenceKey, resolve } from './resolve.ts';
import { settleTls } from './tls.ts';

type MappingTurn = Turn<DomainMapping>;

const BY_DOMAIN = 'serving/domain-mappings-by-name';
const BY_REFERENCE = 'serving/domain-mappings-by-reference';
const IN_USE = 'The domain name is already in use by another DomainMapping';

export const domainMappingController = defineController({
  name: 'domainmapping-controller',
  of: DomainMapping,
  owns: [KIngress, Certificate],
  watches: [
    // A domain that became free may be waited for in another namespace.
    watch(ClusterDomainClaim, ({ metadata }, reader) =>
      reader.byIndex(DomainMapping, BY_DOMAIN, metadata.name).map(keyOf),
    ),
    ...addressableKinds.map((kind) =>
      watch(kind, ({ apiVersion, kind, metadata: { namespace = '', name } }, reader) =>
        reader.byIndex(DomainMapping, BY_REFERENCE, referenceKey(apiVersion, kind, namespace, name)).map(keyOf),
      ),
    ),
    watchOutside(DomainMapping),
  ],
  indexes: [
    index(DomainMapping, BY_DOMAIN, ({ metadata }) => [metadata.name]),
    index(DomainMapping, BY_REFERENCE, ({ metadata, spec: { ref } }) => [
      referenceKey(ref.apiVersion ?? '', ref.kind, ref.namespace ?? metadata.namespace ?? '', ref.name),
    ]),
  ],
  configs: [networkConfig],
  finalizer: DOMAIN_MAPPING_FINALIZER,

  async reconcile(turn) {
    const { object, status, mark } = turn;
    if (status.observedGeneration !== object.metadata.generation)
      mark.unknown('IngressReady', ...INGRESS_NOT_CONFIGURED);
    tellUrl(turn, turn.config(networkConfig).defaultExternalScheme);
    // A domain that is another's is not served.
    if (!(await claimDomain(turn))) return turn.prune(KIngress, []);
    const { tls, challenges, secure } = await settleTls(turn);
    if (secure) tellUrl(turn, 'https');
    const backend = resolveReference(turn);
    if (!backend) return;
    const ingress = await applyIngress(turn, { backend, tls, challenges });
    if (ingress) propagateIngress(turn, ingress);
  },

  async finalize(turn) {
    const claim = turn.get(ClusterDomainClaim, '', turn.object.metadata.name);
    const { autocreateClusterDomainClaims } = turn.config(networkConfig);
    if (releasesClaim(turn.object, claim, autocreateClusterDomainClaims)) await turn.remove(ClusterDomainClaim, claim);
  },
});

function tellUrl(turn: MappingTurn, scheme: string): void {
  const url = outsideUrl(scheme, turn.object.metadata.name, outsidePorts(turn));
  turn.status.url = url;
  turn.status.address = { url };
}

/** Whether the domain is this namespace's. Why it is not is told as an Event: the condition's text is the same for all reasons. */
async function claimDomain(turn: MappingTurn): Promise<boolean> {
  const { object, mark } = turn;
  const claim = turn.get(ClusterDomainClaim, '', object.metadata.name);
  const verdict = judgeClaim(object, claim, turn.config(networkConfig).autocreateClusterDomainClaims);
  if (verdict.outcome === 'refused') {
    mark.false('DomainClaimed', 'DomainAlreadyClaimed', IN_USE);
    turn.event('Warning', 'InternalError', verdict.why);
    return false;
  }
  if (verdict.outcome === 'to-be-claimed') await createClaim(turn);
  mark.true('DomainClaimed');
  return true;
}

async function createClaim({ client, object, mark }: MappingTurn): Promise<void> {
  try {
    await client.create(ClusterDomainClaim, claimOf(object));
  } catch (thrown) {
    // Somebody was faster; the next turn sees who.
    if (!isReason(thrown, 'AlreadyExists')) mark.false('DomainClaimed', 'DomainClaimFailed', messageOf(thrown));
    throw new Error(`failed to create ClusterDomainClaim: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function resolveReference(turn: MappingTurn): Backend | undefined {
  const resolution = resolve(turn.object, turn);
  if ('backend' in resolution) {
    turn.mark.true('ReferenceResolved');
    return resolution.backend;
  }
  turn.mark.false('ReferenceResolved', 'ResolveFailed', resolution.fault);
  turn.event('Warning', 'InternalError', `resolving reference: ${resolution.fault}`);
  return undefined;
}

async function applyIngress(
  turn: MappingTurn,
  parts: Pick<MappingIngressParts, 'backend' | 'tls' | 'challenges'>,
): Promise<KIngress | undefined> {
  const { annotations } = turn.object.metadata;
  const network = turn.config(networkConfig);
  const desired = ingressOf(turn.object, {
    ...parts,
    ingressClass: firstOf(annotations, INGRESS_CLASS_KEYS) ?? network.ingressClass,
    httpOption: httpOptionOf(annotations, network),
  });
  const { outcome, object } = await turn.apply(KIngress, desired);
  const name = JSON.stringify(desired.metadata.name);
  if (outcome === 'taken') {
    turn.mark.false('IngressReady', 'NotOwned', `There is an existing Ingress ${name} that we do not own.`);
    return undefined;
  }
  if (outcome === 'created') turn.event('Normal', 'Created', `Created Ingress ${name}`);
  return object;
}
