import { join } from 'node:path';
import { checkCases } from '../../../test/cases/check.ts';
import { namespaceSugarController, triggerSugarController } from './controllers.ts';

checkCases(join(import.meta.dirname, 'namespace-cases'), () => namespaceSugarController());
checkCases(join(import.meta.dirname, 'trigger-cases'), () => triggerSugarController());
