// A Route gives Revisions a name: it resolves its traffic, keeps the names taken, and waits until the gateway really answers.

import { messageOf, parseDuration } from '#base/mod.ts';
import type { Reader, Turn } from '#engine/mod.ts';
import { defineController, index, watch } from '#engine/mod.ts';
import {
  Certificate,
  CLUSTER_LOCAL_VISIBILITY,
  Configuration,
  CONFIGURATION_LABEL,
  CoreService,
  domainConfig,
  featuresConfig,
  INGRESS_CLASS_KEYS,
  KIngress,
  networkConfig,
  Revision,
  ROLLOUT_ANNOTATION,
  ROLLOUT_DURATION_KEYS,
  Route,
  ROUTE_LABEL,
  VISIBILITY_LABEL,
  WILDCARD_DOMAIN_LABEL,
} from '#kinds/mod.ts';
import type { ObjectKey } from '#machinery/mod.ts';
import { isReason, isTrue, keyOf } from '#machinery/mod.ts';
import { httpOptionOf } from '../http-option.ts';
import { INGRESS_NOT_CONFIGURED, propagateIngress } from '../ingress-ready.ts';
import { firstOf } from '../metadata.ts';
import { outsidePorts, watchOutside } from '../outside.ts';
import { ingressOf, placeholderOf, rolledOut } from './children.ts';
import { RouteDomains } from './domains.ts';
import type { Rollout } from './rollout.ts';
import { isDone, nextRollout, nextStepIn, parseRollout, planned, settledRollout } from './rollout.ts';
import type { RouteTls } from './tls.ts';
import { settleTls } from './tls.ts';
import type { ResolvedTarget, Traffic } from './traffic.ts';
import { resolveTraffic, trafficStatus } from './traffic.ts';

type RouteTurn = Turn<Route>;
type Assigned = Extract<Traffic, { outcome: 'assigned' }>;

const BY_NAMED = 'serving/routes-by-target';

export const routeController = defineController({
  name: 'route-controller',
  of: Route,
  owns: [KIngress, CoreService, Certificate],
  watches: [
    watch(Configuration, (configuration, reader) => routesTo(reader, configuration.metadata)),
    watch(Revision, ({ metadata }, reader) => [
      ...routesTo(reader, metadata),
      ...routesTo(reader, { namespace: metadata.namespace, name: metadata.labels?.[CONFIGURATION_LABEL] ?? '' }),
    ]),
    watchOutside(Route),
    watch(Certificate, ({ metadata: { namespace, labels } }, reader) =>
      labels?.[WILDCARD_DOMAIN_LABEL] === undefined ? [] : reader.list(Route, namespace).map(keyOf),
    ),
  ],
  indexes: [
    index(Route, BY_NAMED, ({ metadata, spec }) =>
      (spec.traffic ?? []).flatMap(({ revisionName, configurationName }) =>
        [revisionName, configurationName].flatMap((name) => (name ? [`${metadata.namespace}/${name}`] : [])),
      ),
    ),
  ],
  configs: [networkConfig, domainConfig, featuresConfig],

  async reconcile(turn) {
    const { object: route, status, mark } = turn;
    if (status.observedGeneration !== route.metadata.generation)
      mark.unknown('IngressReady', ...INGRESS_NOT_CONFIGURED);
    const domains = domainsWithUrl(turn);
    if (!domains) return;

    const traffic = resolveTraffic(route, turn);
    // The ingress stays as it is, so that the traffic of before goes on flowing.
    if (traffic.outcome === 'bad') return markBad(turn, traffic.problem);
    mark.true('AllTrafficAssigned');
    status.address ??= { url: `http://${domains.localHost('')}` };
    const placeholders = await claimPlaceholders(turn, traffic, domains);
    const tls = await settleTls(turn, [...traffic.groups.keys()], domains);
    const urlOf = (tag: string) => domains.url(tag, tls.secure.has(tag));
    status.url = urlOf('');
    status.address = { url: `${tls.secureInside ? 'https' : 'http'}://${domains.localHost('')}` };
    const { ingress, rollout } = await applyIngress(turn, traffic, domains, tls);
    status.traffic = trafficStatus(dividedTargets(traffic, rollout), urlOf);
    propagateIngress(turn, ingress);
    await pointPlaceholders(turn, placeholders, ingress, domains);
    if (!isDone(rollout))
      mark.unknown('IngressReady', 'RolloutInProgress', 'A gradual rollout of the latest revision(s) is in progress.');
  },
});

function routesTo(reader: Reader, { namespace, name }: { namespace?: string | undefined; name: string }): ObjectKey[] {
  return name ? reader.byIndex(Route, BY_NAMED, `${namespace}/${name}`).map(keyOf) : [];
}

/** The Route's names, with its URL set; undefined where its own host name or that of a tag cannot be made. */
function domainsWithUrl(turn: RouteTurn): RouteDomains | undefined {
  const { object: route, status, mark } = turn;
  try {
    const domains = domainsOf(turn);
    // Until its certificates have been looked at, it is what it was.
    status.url = domains.url('', status.url?.startsWith('https:'));
    for (const tag of tagsOf(route)) domains.publicHost(tag);
    return domains;
  } catch (thrown) {
    mark.false('AllTrafficAssigned', 'ErrorConfig', messageOf(thrown));
    return undefined;
  }
}

function tagsOf({ spec }: Route): string[] {
  return (spec.traffic ?? []).flatMap(({ tag }) => tag || []);
}

/** Tags are private where the user has labelled their placeholder. */
function domainsOf(turn: RouteTurn): RouteDomains {
  const { namespace = '', name } = turn.object.metadata;
  const network = turn.config(networkConfig);
  const labelled = turn
    .owned(CoreService)
    .filter(({ metadata }) => metadata.labels?.[VISIBILITY_LABEL] === CLUSTER_LOCAL_VISIBILITY)
    .map(({ metadata }) => metadata.name);
  const tags = ['', ...tagsOf(turn.object)];
  const placeholder = (tag: string) => (tag ? network.tagTemplate({ Name: name, Tag: tag }) : name);
  const privateTags = new Set(tags.filter((tag) => labelled.includes(placeholder(tag))));
  const route = { ...turn.object, metadata: { ...turn.object.metadata, namespace } };
  return new RouteDomains(
    route,
    { domains: turn.config(domainConfig), network, outside: outsidePorts(turn) },
    privateTags,
  );
}

function markBad(
  { mark }: RouteTurn,
  { failed, reason, message }: { failed: boolean; reason: string; message: string },
): void {
  if (failed) mark.false('AllTrafficAssigned', reason, message);
  else mark.unknown('AllTrafficAssigned', reason, message);
}

/** One Service for each name inside the cluster; those of tags that are gone go too. */
async function claimPlaceholders(
  turn: RouteTurn,
  { groups }: Assigned,
  domains: RouteDomains,
): Promise<Map<string, CoreService>> {
  const placeholders = new Map<string, CoreService>();
  for (const tag of groups.keys()) {
    const desired = placeholderOf(turn.object, tag, domains, undefined);
    const quoted = JSON.stringify(desired.metadata.name);
    const { outcome, object } = await turn.claim(CoreService, desired).catch((thrown: unknown) => {
      const why = messageOf(thrown);
      turn.event('Warning', 'CreationFailed', `Failed to create placeholder service ${quoted}: ${why}`);
      throw new Error(`failed to create placeholder service: ${why}`, { cause: thrown });
    });
    if (outcome === 'created') turn.event('Normal', 'Created', `Created placeholder service ${quoted}`);
    if (outcome === 'taken') {
      const message = `There is an existing placeholder Service ${quoted} that we do not own.`;
      turn.mark.false('IngressReady', 'NotOwned', message);
      throw new Error(`route: ${JSON.stringify(turn.object.metadata.name)} does not own Service: ${quoted}`);
    }
    placeholders.set(tag, object);
  }
  const names = new Set([...placeholders.values()].map(({ metadata }) => metadata.name));
  for (const service of turn.owned(CoreService)) {
    const isOurs = service.metadata.labels?.[ROUTE_LABEL] === turn.object.metadata.name;
    if (isOurs && !names.has(service.metadata.name)) await turn.remove(CoreService, service);
  }
  return placeholders;
}

/** Once the gateway is known, the inner names lead to it. Labels that the user has put on stay. */
async function pointPlaceholders(
  turn: RouteTurn,
  placeholders: ReadonlyMap<string, CoreService>,
  { status }: KIngress,
  domains: RouteDomains,
): Promise<void> {
  const balancer = status?.privateLoadBalancer?.ingress?.length
    ? status.privateLoadBalancer
    : status?.publicLoadBalancer;
  if (!balancer?.ingress?.length) return;
  for (const tag of placeholders.keys())
    await turn.apply(CoreService, placeholderOf(turn.object, tag, domains, balancer), { metadata: 'merge' });
}

async function applyIngress(
  turn: RouteTurn,
  { groups }: Assigned,
  domains: RouteDomains,
  { tls, challenges }: RouteTls,
): Promise<{ ingress: KIngress; rollout: Rollout }> {
  const { namespace = '', name, annotations } = turn.object.metadata;
  const network = turn.config(networkConfig);
  const there = turn.get(KIngress, namespace, name);
  const rollout = rolloutOf(turn, groups, there, network.rolloutDuration);
  const desired = ingressOf(turn.object, {
    groups,
    domains,
    rollout,
    ingressClass: firstOf(annotations, INGRESS_CLASS_KEYS) ?? network.ingressClass,
    tls,
    challenges,
    httpOption: httpOptionOf(annotations, network),
    tagHeaders: turn.config(featuresConfig).tagHeaderBasedRouting !== 'disabled',
  });
  const { outcome, object: ingress } = await turn.apply(KIngress, desired).catch((thrown: unknown) => {
    if (isReason(thrown, 'Conflict')) throw thrown;
    const why = messageOf(thrown);
    if (!there) turn.event('Warning', 'CreationFailed', `Failed to create Ingress: ${why}`);
    throw new Error(`failed to ${there ? 'update' : 'create'} Ingress: ${why}`, { cause: thrown });
  });
  if (outcome === 'taken') {
    const message = `There is an existing Ingress ${JSON.stringify(name)} that we do not own.`;
    turn.mark.false('IngressReady', 'NotOwned', message);
    throw new Error(`route: ${JSON.stringify(name)} does not own Ingress: ${JSON.stringify(name)}`);
  }
  if (outcome === 'created') turn.event('Normal', 'Created', `Created Ingress ${JSON.stringify(name)}`);
  return { ingress, rollout };
}

/** Where the shares of Configurations stand between their old Revisions and their newest. */
function rolloutOf(
  turn: RouteTurn,
  groups: Assigned['groups'],
  ingress: KIngress | undefined,
  configuredSeconds: number,
): Rollout {
  const { annotations } = turn.object.metadata;
  const asked = parseDuration(firstOf(annotations, ROLLOUT_DURATION_KEYS) ?? '');
  const seconds = asked === undefined ? configuredSeconds : asked / 1000;
  const latest = [...groups].flatMap(([tag, targets]) =>
    targets.flatMap(({ latest, configuration, revision, percent }) =>
      latest && configuration ? [{ tag, configuration, revision, percent }] : [],
    ),
  );
  const before = parseRollout(ingress?.metadata.annotations?.[ROLLOUT_ANNOTATION]);
  const answered =
    ingress !== undefined &&
    ingress.metadata.generation === ingress.status?.observedGeneration &&
    isTrue(ingress.status, 'Ready') &&
    !isTrue(turn.object.status, 'IngressReady');
  const known = before && answered ? planned(before, seconds, turn.now) : before;
  const rollout = nextRollout(settledRollout(latest), known, seconds, turn.now);
  const again = nextStepIn(rollout, turn.now);
  if (again !== undefined) turn.again(again);
  return rollout;
}

/** The targets with the shares of Configurations divided as their rollout stands. */
function dividedTargets({ targets }: Assigned, rollout: Rollout): ResolvedTarget[] {
  return targets.flatMap((target) => {
    const parts = rolledOut(target, target.tag, rollout);
    return parts.length > 1 ? parts.map(({ revision, percent }) => ({ ...target, revision, percent })) : [target];
  });
}
