// config-ping-defaults: how much a PingSource may send.

import { EVENTING_NAMESPACE } from '../labels.ts';
import type { ConfigOf } from './define.ts';
import { defineConfigMap } from './define.ts';
import { whole } from './settings.ts';

export const pingDefaultsConfig = defineConfigMap(
  'config-ping-defaults',
  {
    'data-max-size': whole(
      -1,
      'The most bytes that data or dataBase64 may have as text; -1 is no limit.',
      'dataMaxSize',
    ),
  },
  { namespace: EVENTING_NAMESPACE, component: 'config-ping-defaults', doc: '' },
);
export type PingDefaultsConfig = ConfigOf<typeof pingDefaultsConfig>;
