// The control over the data process's events.

import { streamKey } from '#eventing/mod.ts';
import type { LinkedEvents } from '#events/mod.ts';
import { connectEvents } from '#events/mod.ts';
import { InMemoryChannel } from '#kinds/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { eventsSocketPath } from '../events/data-events.ts';
import { identityTokens } from '../events/identities.ts';
import { servicePlaces } from '../events/service-places.ts';
import { followTrust } from '../events/trust.ts';
import type { Objects } from '../objects.ts';
import type { Telling } from '../telling.ts';
import type { Site } from './site.ts';

export function connectDataEvents(
  { options, clock, undo }: Site,
  { informers, tokens }: Objects,
  telling: Telling,
  log: Logger,
): LinkedEvents {
  const events = connectEvents(eventsSocketPath(options.dataDir), {
    clock,
    log: log.named('events'),
    allTold: telling.all,
  });
  undo.add(() => events.close());
  const give = identityTokens(tokens, informers, clock);
  events.onTokenWanted(async (identity, audience) => give(identity, audience));
  // Told whenever there is a data process; what this one signs holds there.
  events
    .setIssuers([tokens.issuer])
    .catch((error: unknown) => log.named('events').warn('issuers were not told', { error }));
  events.onGoneAsked((keys) => {
    const there = new Set(informers.of(InMemoryChannel).list().map(streamKey));
    return keys.filter((key) => !there.has(key));
  });
  const told = (certificates: readonly string[]) =>
    events
      .setTrust(certificates)
      .catch((error: unknown) => log.named('events').warn('trust bundles were not told', { error }));
  undo.add(followTrust(informers, (certificates) => void told(certificates)));
  const places = servicePlaces(informers);
  events.onPlacesWanted(async (service) => places(service));
  return events;
}
