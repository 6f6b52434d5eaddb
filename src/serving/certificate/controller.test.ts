import { join } from 'node:path';
import { createMetrics } from '#telemetry/mod.ts';
import { checkCases } from '../../../test/cases/check.ts';
import { silentGateway } from '../../../test/cases/silent-gateway.ts';
import { TargetBoard } from '../target/board.ts';
import { certificateController } from './controller.ts';
import { Orders } from './orders.ts';
import { CA_PEM, FRESH } from './pairs.fixture.ts';

/** The local CA issues one and the same certificate; an ACME server never answers. What comes of orders is in orders.test.ts. */
checkCases(join(import.meta.dirname, 'cases'), (clock) => {
  const issuers = {
    local: { caPem: async () => CA_PEM, issue: async () => FRESH },
    acme: () => new Promise<never>(() => {}),
    answers: { host: '127.0.0.1', port: 1, set: () => {}, remove: () => {} },
  };
  const metrics = createMetrics();
  const orders = new Orders({ issuers, board: new TargetBoard(silentGateway), clock, metrics });
  return certificateController({ issuers, orders, metrics });
});
