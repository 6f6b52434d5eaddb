import { join } from 'node:path';
import { checkCases } from '../../../test/cases/check.ts';
import { silentGateway } from '../../../test/cases/silent-gateway.ts';
import { podAutoscalerController } from './controller.ts';
import { Deciders } from './deciders.ts';

/** Long enough for the gateway's silence to mean that there are no requests. */
const HEARD_MS = 10_000;

checkCases(join(import.meta.dirname, 'cases'), async (clock) => {
  const deciders = new Deciders(silentGateway, clock);
  await clock.advance(HEARD_MS);
  return podAutoscalerController(deciders);
});
