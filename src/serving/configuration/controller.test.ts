import { join } from 'node:path';
import { checkCases } from '../../../test/cases/check.ts';
import { configurationController } from './controller.ts';

checkCases(join(import.meta.dirname, 'cases'), () => configurationController);
