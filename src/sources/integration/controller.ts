// Runs the timers of IntegrationSources. What is Amazon's is refused in words: it needs services and clients that are not here.

import type { ControllerDefinition } from '#engine/mod.ts';
import { claimIdentity, defineController } from '#engine/mod.ts';
import { eventingFeaturesConfig, IntegrationSource, ServiceAccount } from '#kinds/mod.ts';
import type { SinkResolver } from '../sinks.ts';
import { tellSink, watchSinks } from '../sinks.ts';
import type { TimerOrder, Timers } from './timers.ts';
import { TIMER_EVENT_TYPE, TIMER_SOURCE } from './timers.ts';

const READY = 'ContainerSourceReady';
const NOT_HERE = 'only timer can be carried out here; aws needs a service and credentials outside of this platform';

export interface IntegrationPorts {
  readonly sinks: SinkResolver;
  readonly timers: Pick<Timers, 'set' | 'stop'>;
}

export function integrationSourceController({
  sinks,
  timers,
}: IntegrationPorts): ControllerDefinition<IntegrationSource> {
  return defineController<IntegrationSource>({
    name: 'integration-source-controller',
    of: IntegrationSource,
    owns: [ServiceAccount],
    ...watchSinks(IntegrationSource, sinks),
    configs: [eventingFeaturesConfig],
    async reconcile(turn) {
      const { object, status, mark, key } = turn;
      const { sink = {}, ceOverrides, timer } = object.spec;
      const { namespace = '' } = object.metadata;
      if (!timer) {
        timers.stop(key);
        return mark.false(READY, 'NotSupported', NOT_HERE);
      }
      const resolved = sinks.resolve(sink, namespace, turn);
      if ('fault' in resolved) {
        timers.stop(key);
        tellSink(status, undefined);
        turn.event('Warning', 'SinkNotFound', `Sink not found: ${JSON.stringify(sink)}`);
        return mark.false(READY, 'NotFound', resolved.fault);
      }
      tellSink(status, resolved.address);
      const identity = await claimIdentity(turn);
      if ('fault' in identity) {
        timers.stop(key);
        return mark.false(READY, 'IdentityNotOwned', identity.fault);
      }
      status.ceAttributes = [{ type: TIMER_EVENT_TYPE, source: TIMER_SOURCE }];
      timers.set(key, orderOf(timer), {
        to: resolved.address,
        namespace,
        identity: identity.name,
        overrides: ceOverrides,
      });
      mark.true(READY);
    },
    forget: (key) => timers.stop(key),
  });
}

function orderOf(timer: NonNullable<IntegrationSource['spec']['timer']>): TimerOrder {
  const { period = 1000, message = '', contentType = 'text/plain', repeatCount } = timer;
  return { periodMs: period, message, contentType, repeatCount };
}
