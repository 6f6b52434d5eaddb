// Tells the subjects of SinkBindings where to send, and takes that back when a binding goes.

import { equal, messageOf } from '#base/mod.ts';
import type { ControllerDefinition, Reader, Turn } from '#engine/mod.ts';
import { defineController, settleIdentity, watch } from '#engine/mod.ts';
import {
  allKinds,
  BINDING_INCLUDE_LABEL,
  eventingFeaturesConfig,
  Job,
  Namespace,
  Secret,
  ServiceAccount,
  SinkBinding,
} from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { isReason, keyOf, splitApiVersion } from '#machinery/mod.ts';
import type { SinkAddress, SinkResolver } from '../sinks.ts';
import { tellSink, watchSinks } from '../sinks.ts';
import { bundlesIn, propagateBundles, watchBundles } from './bundles.ts';
import { hasTemplate, inject, undo } from './inject.ts';
import { bindingsFor, bindingsIndex, bindingThatCounts, isExcluded, peersOf, subjectsOf } from './subjects.ts';
import type { GiveToken } from './token.ts';
import { settleToken } from './token.ts';

type BindingTurn = Turn<SinkBinding>;

const FINALIZER = 'sinkbindings.sources.knative.dev';

/** Kinds with a template of Pods at `spec.template.spec`. */
export const bindableKinds: readonly Kind[] = allKinds.filter(({ schema }) => {
  let node = schema;
  for (const name of ['spec', 'template', 'spec']) {
    const next = node.type === 'object' ? node.fields[name] : undefined;
    if (!next) return false;
    node = next;
  }
  return node.type === 'object' && node.fields['containers'] !== undefined;
});

export interface BindingPorts {
  readonly sinks: SinkResolver;
  readonly giveToken: GiveToken;
}

export function sinkBindingController({ sinks, giveToken }: BindingPorts): ControllerDefinition<SinkBinding> {
  const watched = watchSinks(SinkBinding, sinks);
  return defineController<SinkBinding>({
    name: 'sinkbinding-controller',
    of: SinkBinding,
    owns: [ServiceAccount, Secret],
    watches: [
      ...watched.watches,
      watchBundles,
      watch(SinkBinding, (binding, reader) => peersOf(binding, reader).map(keyOf)),
      ...bindableKinds.map((kind) => watch(kind, (object, reader) => bindingsFor(object, reader).map(keyOf))),
    ],
    indexes: [...watched.indexes, bindingsIndex],
    reads: [Namespace],
    configs: [eventingFeaturesConfig],
    finalizer: FINALIZER,
    async reconcile(turn) {
      await includeNamespace(turn);
      const identity = (await settleIdentity(turn)) || undefined;
      await settleBundles(turn);
      const address = settleAddress(turn, sinks);
      await settleToken(turn, identity, address?.audience, giveToken);
      if (address) await bindSubjects(turn, address);
    },
    async finalize(turn) {
      const kind = kindOf(turn.object);
      if (!kind || isFixed(kind)) return;
      for (const subject of subjectsOf(turn.object, kind, turn)) {
        // Another binding tells what it says itself, once this one is on its way out.
        if (!bindingThatCounts(subject, turn)) await write(turn, kind, subject, undo(subject));
      }
    },
  });
}

async function settleBundles(turn: BindingTurn): Promise<void> {
  try {
    await propagateBundles(turn);
    turn.mark.true('TrustBundlePropagated');
  } catch (thrown) {
    turn.mark.false('TrustBundlePropagated', 'FailedTrustBundlePropagation', messageOf(thrown));
    throw thrown;
  }
}

function settleAddress(turn: BindingTurn, sinks: SinkResolver): SinkAddress | undefined {
  const { object, status, mark } = turn;
  const resolved = sinks.resolve(object.spec.sink ?? {}, object.metadata.namespace ?? '', turn);
  if ('fault' in resolved) {
    tellSink(status, undefined);
    const why = `Addressable could not be extracted from destination: ${resolved.fault}`;
    mark.false('SinkProvided', 'NoAddressable', why);
    mark.false('SinkBindingAvailable', 'NoAddressable', why);
    return undefined;
  }
  tellSink(status, resolved.address);
  mark.true('SinkProvided');
  return resolved.address;
}

function kindOf({ spec }: SinkBinding): Kind | undefined {
  const { apiVersion = '', kind } = spec.subject ?? {};
  const { group } = splitApiVersion(apiVersion);
  return bindableKinds.find((one) => one.group === group && one.kind === kind);
}

/** The template of a Job stays as it was made: admission is its only moment. */
const isFixed = (kind: Kind): boolean => kind.resource === Job.resource;

async function bindSubjects(turn: BindingTurn, address: SinkAddress): Promise<void> {
  const { object, mark } = turn;
  const { apiVersion = '', kind: name = '', name: subjectName } = object.spec.subject ?? {};
  const kind = kindOf(object);
  if (!kind) {
    const why = `${apiVersion} ${name} is no kind with a template of Pods at spec.template.spec`;
    mark.false('SinkBindingAvailable', 'SubjectUnavailable', why);
    return;
  }
  const subjects = subjectsOf(object, kind, turn);
  if (subjects.length === 0 && subjectName) {
    const why = `${kind.names.plural}.${kind.group} ${JSON.stringify(subjectName)} not found`;
    mark.false('SinkBindingAvailable', 'SubjectMissing', why);
    return;
  }
  for (const subject of isFixed(kind) ? [] : subjects) {
    const fault = await bind(turn, kind, subject, address);
    if (fault === undefined) continue;
    mark.false('SinkBindingAvailable', 'BindingFailed', fault);
    return;
  }
  mark.true('SinkBindingAvailable');
}

async function bind(
  turn: BindingTurn,
  kind: Kind,
  subject: KubeObject,
  address: SinkAddress,
): Promise<string | undefined> {
  const { object } = turn;
  if (!isOurs(object, subject, turn)) return undefined;
  const { ceOverrides } = object.spec;
  const injected = inject(subject, {
    address,
    ceOverrides,
    tokenSecret: turn.status.oidcTokenSecretName,
    bundles: bundlesIn(object.metadata.namespace ?? '', turn),
  });
  try {
    await write(turn, kind, subject, injected);
    return undefined;
  } catch (thrown) {
    if (isReason(thrown, 'Conflict')) throw thrown;
    return messageOf(thrown);
  }
}

/** Of several bindings the last one counts. */
function isOurs(binding: SinkBinding, subject: KubeObject, reader: Reader): boolean {
  if (!hasTemplate(subject) || isExcluded(subject, reader)) return false;
  return bindingThatCounts(subject, reader)?.metadata.uid === binding.metadata.uid;
}

async function write(turn: BindingTurn, kind: Kind, before: KubeObject, after: KubeObject): Promise<void> {
  if (equal(before, after)) return;
  await turn.client.update(kind, after);
}

/** Whoever selects namespaces by this label finds those with bindings. */
async function includeNamespace(turn: BindingTurn): Promise<void> {
  const { namespace = '' } = turn.object.metadata;
  const there = turn.get(Namespace, '', namespace);
  if (!there || there.metadata.deletionTimestamp || there.metadata.labels?.[BINDING_INCLUDE_LABEL] === 'true') return;
  const body = { metadata: { labels: { [BINDING_INCLUDE_LABEL]: 'true' } } };
  await turn.client.patch(Namespace, '', namespace, 'merge', body);
}
