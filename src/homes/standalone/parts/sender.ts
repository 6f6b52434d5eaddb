// Sends events from the control process: those of sources to their sinks, and the results of EventTransforms.

import type { Send } from '#events/mod.ts';
import { engineTransport } from '#gateway/mod.ts';
import { overWire } from '../events/data-events.ts';
import { Places } from '../events/places.ts';
import { servicePlaces } from '../events/service-places.ts';
import { followTrust } from '../events/trust.ts';
import { Wire } from '../events/wire.ts';
import type { Objects } from '../objects.ts';
import type { Site } from './site.ts';

export function makeSender({ clock, random, undo }: Site, { informers }: Objects): Send {
  const wire = new Wire(engineTransport(clock).client());
  undo.add(() => wire.close());
  undo.add(followTrust(informers, (certificates) => wire.trust(certificates)));
  const placesOf = servicePlaces(informers);
  const places = new Places({ clock, random, ask: async (service) => placesOf(service) });
  return (request, signal) => overWire(wire, places, request, signal);
}
