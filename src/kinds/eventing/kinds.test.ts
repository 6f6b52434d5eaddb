// Eventing's kinds: what is filled in, what is refused, and what may change.

import { readFileSync } from 'node:fs';
import { copy } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { allKinds } from '../all-kinds.ts';
import type { Circumstances } from '../trial.ts';
import { tryWrite } from '../trial.ts';
import { EventTypeV1Beta3 } from './event-type.ts';

interface Case extends Pick<Circumstances, 'config' | 'user'> {
  readonly why: string;
  readonly kind: string;
  readonly version?: string;
  readonly metadata?: object;
  readonly spec: object;
  readonly before?: { readonly metadata?: object; readonly spec: object };
  readonly filled?: object;
  readonly text?: string;
}

const GROUPS = /^(eventing|messaging|flows)\.knative\.dev$/;

function kindOf({ kind, version }: Case): Kind {
  const found = allKinds.find(
    (one) => GROUPS.test(one.group) && one.kind === kind && (!version || one.version === version),
  );
  if (!found) throw new Error(`there is no kind ${kind}`);
  return found;
}

function made(kind: Kind, { metadata, spec }: Pick<Case, 'metadata' | 'spec'>): KubeObject {
  const built = {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { name: 'it', namespace: 'default', ...metadata },
    spec,
  };
  return copy(built);
}

const read = (file: string): Case[] => parse(readFileSync(new URL(`./cases/${file}.yaml`, import.meta.url), 'utf8'));

describe.each(['broker', 'trigger', 'others', 'messaging'])('%s', (file) => {
  test.each(read(file))('$kind: $why', (given) => {
    const kind = kindOf(given);
    const { config, user, filled, text = '' } = given;
    const before = given.before ? tryWrite(kind, made(kind, given.before), { config }).object : undefined;
    const trial = tryWrite(kind, made(kind, given), { config, user, before });
    expect(trial.text.trimEnd()).toBe(text.trimEnd());
    expect(trial.problems).toEqual([]);
    if (filled) expect(trial.object).toMatchObject(filled);
  });
});

test('who made an object, and who changed it, stands on it under its own group', () => {
  const kind = kindOf({ kind: 'Broker' } as Case);
  const before = tryWrite(kind, made(kind, { spec: {} })).object;
  const changed = { ...copy(before), spec: { delivery: { retry: 1 } } } as KubeObject;
  const { annotations } = tryWrite(kind, changed, { before, user: 'other' }).object.metadata;
  expect(annotations).toMatchObject({
    'eventing.knative.dev/creator': 'someone',
    'eventing.knative.dev/lastModifier': 'other',
  });
});

describe('an EventType by attributes', () => {
  const metadata = { name: 'it', namespace: 'default' };
  const stored = { apiVersion: 'eventing.knative.dev/v1beta2', kind: 'EventType', metadata };
  const spec = { type: 't', source: '/s', schema: 'http://x', description: 'd', reference: { name: 'r' } };
  const attributes = [
    { name: 'specversion', required: true },
    { name: 'id', required: true },
    { name: 'type', required: true, value: 't' },
    { name: 'source', required: true, value: '/s' },
    { name: 'schemadata', required: false, value: 'http://x' },
  ];
  const { conversion } = EventTypeV1Beta3;

  test('there and back', () => {
    const shown = conversion?.fromStored({ ...stored, spec } as KubeObject);
    expect(shown).toMatchObject({ spec: { reference: { name: 'r' }, description: 'd', attributes } });
    expect(shown && conversion?.toStored(shown)).toMatchObject({ metadata, spec });
  });

  test('a Broker by name becomes a reference', () => {
    const shown = conversion?.fromStored({ ...stored, spec: { type: 't', broker: 'b' } } as KubeObject);
    expect(shown?.spec.reference).toEqual({ kind: 'Broker', name: 'b', apiVersion: 'eventing.knative.dev/v1' });
  });
});
