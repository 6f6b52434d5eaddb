// Where events of an object go that could not be delivered, as its status tells it.

import type { Turn } from '#engine/mod.ts';
import type { Delivery } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import type { Reachable } from './resolve/resolve.ts';
import { resolve } from './resolve/resolve.ts';

export interface DeadLetterStatus {
  deadLetterSinkUri?: string | undefined;
  deadLetterSinkCACerts?: string | undefined;
  deadLetterSinkAudience?: string | undefined;
}

const CONDITION = 'DeadLetterSinkResolved';
export const UNRESOLVED = "Unable to get the dead letter sink's URI";

/** Writes an address into a status, or takes the old one out. */
export function tellDeadLetter(status: DeadLetterStatus, address: Reachable | undefined): void {
  setOrDelete(status, 'deadLetterSinkUri', address?.url);
  setOrDelete(status, 'deadLetterSinkCACerts', address?.CACerts);
  setOrDelete(status, 'deadLetterSinkAudience', address?.audience);
}

function setOrDelete(status: DeadLetterStatus, field: keyof DeadLetterStatus, value: string | undefined): void {
  if (value) status[field] = value;
  else delete status[field];
}

/** Resolves the dead letter sink of a delivery and tells it. False where there is one that leads nowhere. */
export function settleDeadLetter<O extends KubeObject>(turn: Turn<O>, delivery: Delivery | undefined): boolean {
  const { mark, object } = turn;
  const status = turn.status as DeadLetterStatus;
  const sink = delivery?.deadLetterSink;
  if (!sink) {
    tellDeadLetter(status, undefined);
    mark.trueWith(CONDITION, 'DeadLetterSinkNotConfigured', 'No dead letter sink is configured.');
    return true;
  }
  const found = resolve(sink, object.metadata.namespace ?? '', turn);
  if ('fault' in found) {
    tellDeadLetter(status, undefined);
    mark.false(CONDITION, UNRESOLVED, found.fault);
    return false;
  }
  tellDeadLetter(status, found.address);
  mark.true(CONDITION);
  return true;
}
