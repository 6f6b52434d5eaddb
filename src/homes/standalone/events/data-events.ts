// The events of the data process: the log in the data folder, the ingress behind the gateway's doors, deliveries through the gateway
// where the subscriber is a local service, and over the wire where it is not.

import { join } from 'node:path';
import { systemClock, systemRandom } from '#base/mod.ts';
import type { Send, SendRequest } from '#events/mod.ts';
import { Events, filtering, httpCodec, openDiskLog, serveEventsControl, serveIngress } from '#events/mod.ts';
import type { Exchange, Gateway } from '#gateway/mod.ts';
import { askInMemory, engineTransport } from '#gateway/mod.ts';
import type { DiskBounds } from '#storage/mod.ts';
import { FolderRoom, nodeDisk } from '#storage/mod.ts';
import type { Logger, Metrics } from '#telemetry/mod.ts';
import { Places } from './places.ts';
import { MAX_ANSWER_BYTES, Wire } from './wire.ts';

export const eventsSocketPath = (dataDir: string): string => join(dataDir, 'run', 'events.sock');
const eventsFolder = (dataDir: string) => join(dataDir, 'events');

/** Where brokers take events, whether or not there is one. */
const BROKER_HOSTS = ['broker-ingress.knative-eventing'];

export interface DataEventsOptions {
  readonly dataDir: string;
  readonly disk: DiskBounds;
  readonly log: Logger;
  readonly metrics?: Metrics;
}

export interface DataEvents {
  /** Serves what is for a broker or a channel. */
  readonly ingest: (exchange: Exchange) => boolean;
  /** From here on deliveries go through this gateway, and the control process is heard. */
  begin(gateway: Gateway): Promise<void>;
  /** Takes nothing more in, lets deliveries that are under way finish for `graceMs`. */
  close(graceMs: number): Promise<void>;
}

export async function openDataEvents({ dataDir, disk, log, metrics }: DataEventsOptions): Promise<DataEvents> {
  const clock = systemClock;
  const room = new FolderRoom({ folder: dataDir, bounds: disk, clock });
  const wire = new Wire(engineTransport(clock).client());
  let gateway: Gateway | undefined;
  const places = new Places({ clock, random: systemRandom, ask: (service) => events.placesOf(service) });
  const send: Send = async (request, signal) =>
    (gateway && throughGateway(gateway, request, signal)) ?? overWire(wire, places, request, signal);
  const events = new Events({
    clock,
    log: await openDiskLog({ disk: await nodeDisk(eventsFolder(dataDir)), clock, room }),
    codec: httpCodec,
    filtering,
    send,
    logger: log,
    brokerHosts: BROKER_HOSTS,
    ...(metrics ? { metrics } : {}),
  });
  let link: { close(): Promise<void> } | undefined;
  return {
    ingest: serveIngress(events.ingress),
    async begin(through) {
      gateway = through;
      link = await serveEventsControl(eventsSocketPath(dataDir), events, log);
    },
    async close(graceMs) {
      await events.close(graceMs);
      await link?.close();
      wire.close();
      room.stop();
    },
  };
}

/** Undefined where no route leads there. */
function throughGateway(gateway: Gateway, { url, headers, body }: SendRequest, signal: AbortSignal) {
  const target = `${url.pathname}${url.search}`;
  if (!gateway.hasRoute('internal', url.host, target)) return undefined;
  const request = {
    method: 'POST',
    target,
    authority: url.host,
    scheme: url.protocol === 'https:' ? ('https' as const) : ('http' as const),
    headers,
    body,
  };
  return askInMemory((exchange) => gateway.serve(exchange, 'internal'), request, {
    signal,
    maxBytes: MAX_ANSWER_BYTES,
  });
}

/** By a Service's endpoints, or wherever the host is. */
export async function overWire(wire: Wire, places: Places, request: SendRequest, signal: AbortSignal) {
  const { hostname, protocol, port: told } = request.url;
  const port = told === '' ? (protocol === 'https:' ? 443 : 80) : Number(told);
  const place = await places.find(hostname, port);
  try {
    return await wire.send(request, place, signal);
  } catch (error) {
    // Whatever went wrong, it may be that the endpoints have changed.
    places.forget(hostname, port);
    throw error;
  }
}
