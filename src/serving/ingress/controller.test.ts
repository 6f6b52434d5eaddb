import { join } from 'node:path';
import type { Target } from '#gateway/mod.ts';
import { checkCases } from '../../../test/cases/check.ts';
import { silentGateway } from '../../../test/cases/silent-gateway.ts';
import { TargetBoard } from '../target/board.ts';
import { ingressController } from './controller.ts';

const KNOWN: Target = {
  namespace: 'default',
  name: 'known',
  concurrency: 0,
  timeoutMs: 0,
  protocol: 'http1',
  endpoints: [],
};

/** The gateway knows the target `default/known` and no other. */
checkCases(join(import.meta.dirname, 'cases'), async () => {
  const board = new TargetBoard(silentGateway);
  await board.set('default/known', KNOWN);
  return ingressController({ gateway: silentGateway, board });
});
