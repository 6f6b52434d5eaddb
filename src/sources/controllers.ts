// All controllers of sources, ready to run.

import type { Random } from '#base/mod.ts';
import type { Controller, Engine } from '#engine/mod.ts';
import type { Kind } from '#machinery/mod.ts';
import type { Informers } from '#objects/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { apiServerSourceController } from './apiserver/controller.ts';
import type { MayDo } from './apiserver/permissions.ts';
import { Watching } from './apiserver/watching.ts';
import { sinkBindingController } from './binding/controller.ts';
import type { GiveToken } from './binding/token.ts';
import { containerSourceController } from './container/controller.ts';
import { gitHubSourceController } from './github/controller.ts';
import type { AskApi } from './github/hooks.ts';
import { integrationSourceController } from './integration/controller.ts';
import { Timers } from './integration/timers.ts';
import { kafkaSourceController } from './kafka/controller.ts';
import type { Readings } from './kafka/readings.ts';
import type { Outbox } from './outbox.ts';
import { pingSourceController } from './ping/controller.ts';
import type { SinkResolver } from './sinks.ts';
import { webhookSourceController } from './webhook/controller.ts';

export interface SourcesOptions {
  readonly engine: Engine;
  readonly informers: Informers;
  readonly sinks: SinkResolver;
  readonly outbox: Outbox;
  readonly readings: Readings;
  readonly random: Random;
  readonly log: Logger;
  /** Asks the API of GitHub. */
  readonly askGitHub: AskApi;
  readonly giveToken: GiveToken;
  readonly mayDo: MayDo;
  /** The URL of the API server as programs in Pods see it: the source of events about its objects. */
  readonly apiUrl: string;
  readonly kindOf: (apiVersion: string, kind: string) => Kind | undefined;
  readonly onKinds: (listen: () => void) => () => void;
}

/** Made once for a process; `runControllers` of the engine runs them. */
export function sourcesControllers(options: SourcesOptions): Controller[] {
  const { engine, informers, sinks, outbox, readings, random, log, giveToken, mayDo, apiUrl, kindOf, onKinds } =
    options;
  const { clock } = engine;
  const watching = new Watching({ informers, outbox, clock, random, log, apiUrl });
  const timers = new Timers({ clock, random, outbox });
  return [
    engine.controller(pingSourceController({ sinks, outbox, clock, random })),
    engine.controller(apiServerSourceController({ sinks, watching, mayDo, apiUrl, kindOf, onKinds })),
    engine.controller(sinkBindingController({ sinks, giveToken })),
    engine.controller(containerSourceController),
    engine.controller(integrationSourceController({ sinks, timers })),
    engine.controller(kafkaSourceController({ sinks, readings })),
    engine.controller(webhookSourceController(sinks)),
    engine.controller(gitHubSourceController({ sinks, ask: options.askGitHub })),
  ];
}
