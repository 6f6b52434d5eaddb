// What a call of a WebhookSource is: an event, or a refusal. Pure.

import type { WebhookSource } from '#kinds/mod.ts';
import { makeEvent } from '../make-event.ts';
import type { WebhookCall } from './call.ts';
import { headerOf, jsonOf, valueOf } from './call.ts';
import type { CallVerdict } from './front.ts';
import type { Signing } from './signature.ts';
import { judgeSignature } from './signature.ts';

/** Types of events where nothing is said. */
export const WEBHOOK_EVENT_TYPE = 'dev.ebb.webhook';

export interface ReadFacts {
  readonly source: WebhookSource;
  /** Undefined where anyone may call; `unknown` where the secret is not there. */
  readonly signing: Signing | 'unknown' | undefined;
  /** Wall time in milliseconds. */
  readonly now: number;
  /** For an event whose caller gives it none. */
  readonly newId: string;
}

export function webhookUri({ metadata: { namespace = '', name }, spec }: WebhookSource): string {
  return spec.event?.source || `/apis/v1alpha1/namespaces/${namespace}/webhooksources/${name}`;
}

export function readWebhook(call: WebhookCall, { source, signing, now, newId }: ReadFacts): CallVerdict {
  const refusal = refusalOf(call, signing);
  if (refusal) return { answer: refusal };
  const { event = {}, ceOverrides } = source.spec;
  const json = [event.id, event.type, event.subject].some((from) => from?.path) ? jsonOf(call.body) : undefined;
  const type = event.type ? valueOf(call, event.type, json) : WEBHOOK_EVENT_TYPE;
  if (!type)
    return {
      answer: { status: 400, text: `the type of the event is to come from ${where(event.type)}, and is not there` },
    };
  const id = event.id ? valueOf(call, event.id, json) : newId;
  if (!id)
    return {
      answer: { status: 400, text: `the id of the event is to come from ${where(event.id)}, and is not there` },
    };
  const subject = event.subject && valueOf(call, event.subject, json);
  return {
    event: makeEvent({
      id,
      type,
      source: webhookUri(source),
      ...(subject ? { subject } : {}),
      time: now,
      datacontenttype: headerOf(call, 'content-type'),
      overrides: ceOverrides,
      data: call.body.length > 0 ? call.body : undefined,
    }),
  };
}

function where(from: { header?: string | undefined; path?: string | undefined } = {}): string {
  return from.header === undefined ? `the field ${from.path} of a JSON body` : `the header ${from.header}`;
}

/** The same for every kind of source that is called. */
export function refusalOf(call: WebhookCall, signing: Signing | 'unknown' | undefined) {
  if (signing === undefined) return undefined;
  if (signing === 'unknown')
    return { status: 503, headers: { 'Retry-After': '5' }, text: 'the secret that calls are signed with is not there' };
  const verdict = judgeSignature(call, signing);
  if (verdict === 'missing')
    return { status: 401, text: `expected a signature in the header ${signing.header}, but it is not there` };
  if (verdict === 'wrong')
    return {
      status: 403,
      text: `the signature in the header ${signing.header} is not that of this body by the secret that is known here`,
    };
  return undefined;
}
