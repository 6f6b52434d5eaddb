// Who may send to a sink of the platform's own, where senders must say who they are.

import { accessOf } from '#eventing/mod.ts';
import type { Gatekeeper } from '#events/mod.ts';
import { decodeHttp } from '#events/mod.ts';
import type { EventingFeatures } from '#kinds/mod.ts';
import { EventPolicy } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import type { Informers } from '#objects/mod.ts';
import type { SinkAnswer, SinkRequest } from './front.ts';

/** The refusal of a request to a sink; undefined where its sender is let in, or where it has no event. */
export type Guard = (sink: KubeObject, request: SinkRequest) => Promise<SinkAnswer | undefined>;

export interface GuardPorts {
  readonly informers: Informers;
  readonly features: () => EventingFeatures;
  readonly gatekeeper: Gatekeeper;
}

const NOT_BY_TLS: SinkAnswer = { status: 404, text: 'transport-encryption is strict: events are taken by https only' };

/** Refuses as the ingress of Brokers and channels does. */
export function guardOf({ informers, features, gatekeeper }: GuardPorts): Guard {
  const policies = informers.of(EventPolicy);
  return async (sink, { headers, body, scheme }) => {
    const set = features();
    if (set.encryption === 'strict' && scheme !== 'https') return NOT_BY_TLS;
    const { namespace = '' } = sink.metadata;
    const access = accessOf(sink, set, policies.list(namespace));
    if (!access) return undefined;
    const who = await gatekeeper.identify(headers, access);
    if ('unknown' in who) return answerOf(who.unknown);
    const decoded = decodeHttp(headers, body);
    if (decoded.outcome !== 'event') return undefined;
    const refusal = gatekeeper.refusal(who, access, namespace, decoded.event);
    return refusal && answerOf(refusal);
  };
}

function answerOf({ status, text }: { readonly status: number; readonly text: string }): SinkAnswer {
  const challenge = status === 401 ? { headers: { 'WWW-Authenticate': 'Bearer' } } : {};
  return { status, ...challenge, text: text.trimEnd() };
}
