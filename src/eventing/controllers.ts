// All controllers of Eventing, ready to run.

import type { Controller, Engine } from '#engine/mod.ts';
import type { EventsControl } from '#events/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { brokerController } from './broker/controller.ts';
import { channelController } from './channel/controller.ts';
import { eventPolicyController } from './eventpolicy/controller.ts';
import { eventTypeMaker } from './eventtype/auto-create.ts';
import { eventTypeController } from './eventtype/controller.ts';
import { sourceEventTypesController, sourceKinds } from './eventtype/of-source.ts';
import { inMemoryChannelController } from './inmemorychannel/controller.ts';
import { parallelController } from './parallel/controller.ts';
import { requestReplyController } from './requestreply/controller.ts';
import { sequenceController } from './sequence/controller.ts';
import { StreamBoard } from './streams/board.ts';
import { subscriptionController } from './subscription/controller.ts';
import { namespaceSugarController, triggerSugarController } from './sugar/controllers.ts';
import { triggerController } from './trigger/controller.ts';

export interface EventingOptions {
  /** One whose client acts as EVENTING_CONTROLLER, who alone may write the subscribers of channels. */
  readonly engine: Engine;
  readonly events: Pick<EventsControl, 'setStream' | 'onTypeSeen'>;
  readonly log: Logger;
  /** The platform's own authority, by which addresses by TLS are trusted unless others' certificates are shown there. */
  readonly ownCa?: string | undefined;
}

/** Made once for a process; `runControllers` of the engine runs them. */
export function eventingControllers({ engine, events, log, ownCa }: EventingOptions): Controller[] {
  const board = new StreamBoard(events);
  return [
    engine.controller(inMemoryChannelController({ board, ownCa })),
    engine.controller(brokerController({ ownCa })),
    engine.controller(requestReplyController({ board, ownCa })),
    engine.controller(triggerController()),
    engine.controller(subscriptionController()),
    engine.controller(channelController()),
    engine.controller(sequenceController()),
    engine.controller(parallelController()),
    engine.controller(namespaceSugarController()),
    engine.controller(triggerSugarController()),
    engine.controller(eventPolicyController()),
    engine.controller(eventTypeController()),
    ...sourceKinds.map((kind) => engine.controller(sourceEventTypesController(kind))),
    eventTypeMaker(engine, events, log),
  ];
}
