import { join } from 'node:path';
import { checkCases } from '../../../test/cases/check.ts';
import { rememberingBoard } from '../events.fixture.ts';
import { inMemoryChannelController } from './controller.ts';

checkCases(join(import.meta.dirname, 'cases'), () => inMemoryChannelController({ board: rememberingBoard() }));
