// The event of a change of an object of the API.

import type { CloudEvent } from '#events/mod.ts';
import type { CeOverrides } from '#kinds/mod.ts';
import { API_SERVER_EVENT_TYPES } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { makeEvent } from '../make-event.ts';

export type Mode = keyof typeof API_SERVER_EVENT_TYPES;
export type What = keyof (typeof API_SERVER_EVENT_TYPES)[Mode];

export interface ChangeFacts {
  readonly what: What;
  readonly object: KubeObject;
  readonly mode: Mode;
  /** The URL of the API server. */
  readonly source: string;
  readonly id: string;
  /** Wall time in milliseconds. */
  readonly now: number;
  readonly overrides: CeOverrides | undefined;
}

export function changeEvent({ what, object, mode, source, id, now, overrides }: ChangeFacts): CloudEvent {
  const { apiVersion, kind, metadata } = object;
  const { name, namespace = '' } = metadata;
  const body = mode === 'Resource' ? object : { kind, namespace, name, apiVersion };
  return makeEvent({
    id,
    type: API_SERVER_EVENT_TYPES[mode][what],
    source,
    // Knative writes it so for the core group and for what is in no namespace, too.
    subject: `/apis/${apiVersion}/namespaces/${namespace}/${guessedPlural(kind)}/${name}`,
    time: now,
    datacontenttype: 'application/json',
    extensions: { kind, apiversion: apiVersion, name, ...(namespace ? { namespace } : {}) },
    overrides,
    data: new TextEncoder().encode(JSON.stringify(body)),
  });
}

/** The plural of a kind as Kubernetes' libraries guess it, where nobody asks the API (meta.UnsafeGuessKindToResource). */
export function guessedPlural(kind: string): string {
  const word = kind.toLowerCase();
  if (word === 'endpoints') return word;
  if (word.endsWith('s')) return `${word}es`;
  return word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`;
}
