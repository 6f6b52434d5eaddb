// What a KIngress says of itself, as its owner's condition IngressReady.

import type { Turn } from '#engine/mod.ts';
import type { KIngress } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { findCondition } from '#machinery/mod.ts';

/** Reason and message while the gateway has not looked at the present KIngress yet. */
export const INGRESS_NOT_CONFIGURED = ['IngressNotConfigured', 'Ingress has not yet been reconciled.'] as const;

/** Copies Ready of a KIngress whose present generation was observed; until then nothing is known. */
export function propagateIngress<O extends KubeObject>({ mark }: Turn<O>, { metadata, status }: KIngress): void {
  const ready = metadata.generation === status?.observedGeneration ? findCondition(status, 'Ready') : undefined;
  if (!ready) mark.unknown('IngressReady', ...INGRESS_NOT_CONFIGURED);
  else if (ready.status === 'True') mark.true('IngressReady');
  else mark.copy('IngressReady', ready);
}
