// An EventTransform is an address of the platform's own; this says where it is, where its results go, and whether its expressions can
// be read at all.

import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { claimIdentity, defineController } from '#engine/mod.ts';
import { followDestinations, resolve, settlePolicies, watchPolicies } from '#eventing/mod.ts';
import {
  CoreService,
  eventingFeaturesConfig,
  EventTransform,
  kreferenceMappingConfig,
  ServiceAccount,
} from '#kinds/mod.ts';
import { childName } from '#machinery/mod.ts';
import { settleHost } from '../address.ts';
import type { Evaluator } from './evaluators.ts';

/** The Service that stands behind all EventTransforms. */
export const EVENT_TRANSFORM_SERVICE = 'event-transform';

type TransformTurn = Turn<EventTransform>;
type Told = { readonly reason: string; readonly message: string } | undefined;

type Checks = Pick<Evaluator, 'check'>;

/** `ownCa` is the platform's own authority, by which the addresses are trusted. */
export function eventTransformController(evaluator: Checks, ownCa?: string): ControllerDefinition<EventTransform> {
  const followed = followDestinations(EventTransform, ({ spec }) => [spec.sink]);
  return defineController({
    name: 'event-transform-controller',
    of: EventTransform,
    owns: [CoreService, ServiceAccount],
    watches: [...followed.watches, watchPolicies(EventTransform)],
    indexes: followed.indexes,
    configs: [eventingFeaturesConfig, kreferenceMappingConfig],
    async reconcile(turn) {
      settlePolicies(turn);
      const faults = [
        tell(turn, 'JsonataDeploymentReady', await expressionFault(turn.object, evaluator)),
        tell(turn, 'JsonataSinkBindingReady', settleSink(turn) ?? (await settleSender(turn))),
      ];
      const fault = faults.find(Boolean);
      if (fault) turn.mark.false('TransformationReady', fault.reason, fault.message);
      else turn.mark.true('TransformationReady');
      const name = transformServiceName(turn.object);
      const taken = `Service ${JSON.stringify(name)} is there and not this EventTransform's`;
      await settleHost(turn, { name, leadsTo: EVENT_TRANSFORM_SERVICE, taken, ownCa });
    },
  });
}

/** The name of the Service of an EventTransform, which is the first label of its host. */
export function transformServiceName({ metadata: { name } }: EventTransform): string {
  return childName(name, '-jsonata');
}

function tell({ mark }: TransformTurn, condition: string, fault: Told): Told {
  if (fault) mark.false(condition, fault.reason, fault.message);
  else mark.true(condition);
  return fault;
}

/** Knative takes any text, and its transformer ends where that cannot be read. */
async function expressionFault({ spec }: EventTransform, evaluator: Checks): Promise<Told> {
  const expressions = { 'spec.jsonata.expression': spec.jsonata, 'spec.reply.jsonata.expression': spec.reply?.jsonata };
  for (const [path, jsonata] of Object.entries(expressions)) {
    const fault = jsonata && (await evaluator.check(jsonata.expression ?? ''));
    if (fault) return { reason: 'InvalidExpression', message: `${path} cannot be read: ${fault}` };
  }
  return undefined;
}

function settleSink(turn: TransformTurn): Told {
  const { object, status } = turn;
  delete status.sinkUri;
  delete status.sinkCACerts;
  delete status.sinkAudience;
  const { sink } = object.spec;
  if (!sink) return undefined;
  const found = resolve(sink, object.metadata.namespace ?? '', turn);
  if ('fault' in found) {
    const message = `Addressable could not be extracted from destination: ${found.fault}`;
    return { reason: 'NoAddressable', message };
  }
  const { url, CACerts, audience } = found.address;
  status.sinkUri = url;
  if (CACerts) status.sinkCACerts = CACerts;
  if (audience) status.sinkAudience = audience;
  return undefined;
}

/** As whom it sends to its sink. */
async function settleSender(turn: TransformTurn): Promise<Told> {
  const identity = await claimIdentity(turn);
  return 'fault' in identity ? { reason: 'OIDCIdentityNotCreated', message: identity.fault } : undefined;
}
