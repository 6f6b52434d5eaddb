// Who takes part in the publishing of events: Ebb's data process, NATS JetStream and Redis streams, each on a fresh folder, and Knative's
// own in-memory channel.

import type { StreamRule } from '#events/mod.ts';
import { natsServer, NO_SYNC_ALWAYS, startNats } from '../log/nats.ts';
import type { Peer } from '../log/peer.ts';
import { startRedis } from '../log/redis.ts';
import { freePort, has } from '../processes.ts';
import { brokerRule, startData, trigger } from './data-process.ts';
import { hasInMemoryChannel, NO_IN_MEMORY_CHANNEL, startInMemoryChannel } from './in-memory-channel.ts';
import type { Place, Protocol } from './wire.ts';
import { TYPE } from './wire.ts';

export interface EventServer extends Place {
  readonly protocol: Protocol;
  readonly port: number;
  readonly pids: readonly number[];
  /** Where a subscriber is to be heard of; called before the events that it is to get. Gives the port that it needs. */
  subscribe(): Promise<number>;
  stop(): Promise<void>;
}

export type StartServer = (folder: string) => Promise<EventServer>;

/** What there is on this machine, by the name that it has in the table. */
export function eventServers(say: (text: string) => void): Map<string, StartServer> {
  const servers = new Map<string, StartServer>([['Ebb', startEbbData]]);
  const nats = natsServer();
  const inNats = (sync?: 'always') => beside('nats', (folder) => startNats(nats?.command ?? '', folder, sync));
  if (nats) servers.set('JetStream, default', inNats());
  if (nats?.syncsAlways) servers.set('JetStream, sync always', inNats('always'));
  else say(NO_SYNC_ALWAYS);
  if (has('redis-server')) servers.set('Redis, appendfsync always', beside('redis', startRedis));
  else say('no redis-server: left out');
  if (hasInMemoryChannel()) servers.set("Knative's in-memory channel, no disk", startInMemoryChannel);
  else say(NO_IN_MEMORY_CHANNEL);
  return servers;
}

const BROKER = 'bench';
const STREAM = 'default/bench';

async function startEbbData(folder: string): Promise<EventServer> {
  const data = await startData(folder);
  const setConsumers = (consumers: StreamRule['consumers']) =>
    data.events.setStream(STREAM, brokerRule(BROKER, consumers));
  await setConsumers({});
  return {
    protocol: 'http',
    port: data.port,
    path: `/default/${BROKER}`,
    pids: [data.pid],
    async subscribe() {
      const port = await freePort();
      await setConsumers({ one: trigger(BROKER, 'one', TYPE, `http://127.0.0.1:${port}/`) });
      return port;
    },
    stop: () => data.stop(),
  };
}

function beside(protocol: Protocol, start: (folder: string) => Promise<Peer>): StartServer {
  return async (folder) => {
    const peer = await start(folder);
    const { port, pids } = peer;
    return { protocol, port, path: '', pids, subscribe: () => Promise.resolve(port), stop: () => peer.stop() };
  };
}
