// Sources of events: their controllers, and how what they send gets to its sinks.

import { asks } from '#apiserver/mod.ts';
import type { Controller, Engine, Reader } from '#engine/mod.ts';
import type { ResolveReader } from '#eventing/mod.ts';
import { referableKinds, resolve } from '#eventing/mod.ts';
import type { Send } from '#events/mod.ts';
import { kafkaClient } from '#kafka/mod.ts';
import { API_ADDRESS } from '#network/mod.ts';
import type { MayDo, SinkResolver } from '#sources/mod.ts';
import { Outbox, Readings, sourcesControllers } from '#sources/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { askJson } from '../ask-json.ts';
import { identityTokens, newTokens } from '../events/identities.ts';
import type { Objects } from '../objects.ts';
import type { Site } from './site.ts';

/** The API as programs in Pods know it. */
const API_URL = `https://${API_ADDRESS}:443`;
/** How long a platform that stops waits for events that are on their way. */
const GRACE_MS = 3000;

export interface SourcesParts {
  readonly engine: Engine;
  readonly objects: Objects;
  readonly send: Send;
  readonly log: Logger;
}

export function makeSources({ clock, random, undo }: Site, { engine, objects, send, log }: SourcesParts): Controller[] {
  const { informers, scheme, tokens } = objects;
  const logger = log.named('sources');
  const [fresh, kept] = [newTokens(tokens, informers), identityTokens(tokens, informers, clock)];
  const sending = {
    clock,
    log: logger,
    giveToken: async (identity: string, audience: string) => kept(identity, audience),
    send,
  };
  const outbox = new Outbox(sending);
  const readings = new Readings({ kafka: kafkaClient, ...sending });
  undo.add(() => Promise.all([outbox.close(GRACE_MS), readings.close(GRACE_MS)]).then(() => undefined));
  const sinks = resolver(engine);
  objects.bindings.sources = { sinks, reader: engine.view };
  undo.add(() => void (objects.bindings.sources = undefined));
  return sourcesControllers({
    engine,
    informers,
    sinks,
    outbox,
    readings,
    random,
    log: logger,
    askGitHub: askJson(clock),
    giveToken: async (identity, audience) => fresh(identity, audience),
    mayDo: permissionsBy(objects),
    apiUrl: API_URL,
    kindOf: (apiVersion, kind) => scheme.byKind(apiVersion, kind),
    onKinds: (listen) => scheme.onChange(listen),
  });
}

function resolver({ config }: Engine): SinkResolver {
  return {
    kinds: referableKinds,
    resolve: (destination, namespace, reader) => resolve(destination, namespace, withConfig(reader, config)),
  };
}

/** What an engine sees, with the features that are switched on. */
export const readerOf = ({ view, config }: Engine): ResolveReader => withConfig(view, config);

function withConfig(reader: Reader, config: Engine['config']): ResolveReader {
  return {
    get: (kind, place, name) => reader.get(kind, place, name),
    list: (kind, place) => reader.list(kind, place),
    ownedBy: (kind, uid) => reader.ownedBy(kind, uid),
    byIndex: (kind, index, value) => reader.byIndex(kind, index, value),
    config: (definition) => config.get(definition),
  };
}

function permissionsBy({ authorizer }: Objects): MayDo {
  return ({ user, groups, verb, group, resource, namespace }) =>
    authorizer.authorize(asks({ name: user, groups }, verb, { group, resource, namespace })).allowed;
}
