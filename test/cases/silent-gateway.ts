// A gateway that takes everything in and never has anything to say.

import type { GatewayControl } from '#gateway/mod.ts';

export const silentGateway: GatewayControl = {
  setIngress: async () => {},
  setTarget: async () => {},
  drain: async () => ({ left: 0 }),
  onReport: () => () => {},
  onWake: () => () => {},
  refusals: async () => [],
};
