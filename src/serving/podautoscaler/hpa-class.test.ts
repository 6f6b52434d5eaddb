import { join } from 'node:path';
import { checkCases } from '../../../test/cases/check.ts';
import { hpaClassController } from './hpa-class.ts';

checkCases(join(import.meta.dirname, 'hpa-cases'), () => hpaClassController);
