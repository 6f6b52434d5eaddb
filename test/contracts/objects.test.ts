// The contracts of objects, tried in every home.

import { clientContract } from './client.ts';
import { httpHome, httpInformersHome, localHome, localInformersHome } from './homes.ts';
import { informersContract } from './informers.ts';

clientContract('in process', localHome);
clientContract('over HTTP', httpHome);
informersContract('over the store', localInformersHome);
informersContract('over HTTP', httpInformersHome);
