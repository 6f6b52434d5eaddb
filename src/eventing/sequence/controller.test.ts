import { join } from 'node:path';
import { checkCases } from '../../../test/cases/check.ts';
import { sequenceController } from './controller.ts';

checkCases(join(import.meta.dirname, 'cases'), () => sequenceController());
