// Node's own HTTP keeps the contract of the transport port.

import { transportContract } from '../../../test/contracts/transport.ts';
import { nodeTransport } from './mod.ts';

transportContract('node', nodeTransport);
