// The events of the data process: the log in the data folder, the ingress behind the gateway's doors, deliveries through the gateway
// where the subscriber is a local service, and over the wire where it is not; and on the same log asynchronous invocations.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { CancelSignal } from '#base/mod.ts';
import { systemClock, systemRandom } from '#base/mod.ts';
import type { Send, SendRequest } from '#events/mod.ts';
import {
  Events,
  filtering,
  httpCodec,
  NotNowError,
  openDiskLog,
  Remembered,
  serveEventsControl,
  serveIngress,
  ToldStreams,
} from '#events/mod.ts';
import type { AsyncInvocations, DataGateway, Exchange, Gateway } from '#gateway/mod.ts';
import { engineTransport } from '#gateway/mod.ts';
import type { DiskBounds } from '#storage/mod.ts';
import { FolderRoom, nodeDisk } from '#storage/mod.ts';
import type { Logger, Metrics } from '#telemetry/mod.ts';
import { openDataInvocations, throughGateway } from './data-invocations.ts';
import { Places, serviceOf } from './places.ts';
import { portOf, Wire } from './wire.ts';

export const eventsSocketPath = (dataDir: string): string => join(dataDir, 'run', 'events.sock');
const eventsFolder = (dataDir: string) => join(dataDir, 'events');

/** Where brokers take events, whether or not there is one. */
const BROKER_HOSTS = ['broker-ingress.knative-eventing'];
const REQUEST_HOSTS = ['request-reply.knative-eventing'];
/** Of words that show that a reply is to a request of ours. */
const SECRET_BYTES = 18;

export interface DataEventsOptions {
  readonly dataDir: string;
  readonly disk: DiskBounds;
  readonly log: Logger;
  readonly metrics?: Metrics;
}

export interface DataEvents {
  /** Serves what is for a broker or a channel. */
  readonly ingest: (exchange: Exchange) => boolean;
  /** Takes requests whose clients do not wait. */
  readonly async: AsyncInvocations;
  /** From here on deliveries go through this gateway, and the control process is heard. */
  begin(gateway: DataGateway): Promise<void>;
  /** The gateway knows all its routes. */
  told(): void;
  /** The platform stops: no delivery and no invocation begins until all is told anew. */
  rest(): void;
  /** Takes nothing more in, lets deliveries that are under way finish for `graceMs`. */
  close(graceMs: number): Promise<void>;
}

export async function openDataEvents({ dataDir, disk, log, metrics }: DataEventsOptions): Promise<DataEvents> {
  const clock = systemClock;
  const room = new FolderRoom({ folder: dataDir, bounds: disk, clock });
  const wire = new Wire(engineTransport(clock).client());
  let gateway: DataGateway | undefined;
  const places = new Places({ clock, random: systemRandom, ask: (service) => events.placesOf(service) });
  const send: Send = async (request, signal) => {
    if (!gateway) throw new NotNowError('the gateway does not serve yet');
    const isRouted = hasRoute(gateway, request);
    // A local service would be taken for one that is not there, or fail for what its route leads to has not been told yet.
    if (!gateway.isTold && isRouted) throw new NotNowError('what services lead to has not been told yet');
    if (!(gateway.isTold && events.isTold) && isOfCluster(request.url) && !isRouted)
      throw new NotNowError('which services there are has not been told yet');
    if (isRouted) return throughGateway(gateway, 'internal', request, signal);
    return overWire(wire, places, request, signal);
  };
  const eventLog = await openDiskLog({ disk: await nodeDisk(eventsFolder(dataDir)), clock, room });
  const events = new Events({
    clock,
    log: eventLog,
    codec: httpCodec,
    filtering,
    send,
    logger: log,
    brokerHosts: BROKER_HOSTS,
    requestHosts: REQUEST_HOSTS,
    secret: () => randomBytes(SECRET_BYTES).toString('base64url'),
    onTrust: (certificates) => wire.trust(certificates),
    ...(metrics ? { metrics } : {}),
  });
  const invocations = openDataInvocations({
    log: eventLog,
    logger: log,
    metrics,
    send: (request, place, signal) => wire.send(request, place, signal),
    sendAnywhere: (request, signal) => overWire(wire, places, request, signal),
  });
  let link: { close(): Promise<void> } | undefined;
  return {
    ingest: serveIngress(events.ingress),
    async: invocations.async,
    async begin(through) {
      gateway = through;
      invocations.begin(through);
      // Only now it is sure that no other process writes the log: this one has the socket.
      const streams = new ToldStreams(events, await Remembered.open(eventLog), log);
      await streams.restore();
      link = await serveEventsControl(eventsSocketPath(dataDir), events, streams, log);
    },
    told() {
      events.goOn();
      invocations.told();
    },
    rest() {
      events.rest();
      invocations.rest();
    },
    async close(graceMs) {
      // The log is closed with the events.
      await invocations.close(graceMs);
      await events.close(graceMs);
      await link?.close();
      wire.close();
      room.stop();
    },
  };
}

/** Whether a name may be one of this cluster's own. */
function isOfCluster({ hostname }: URL): boolean {
  return serviceOf(hostname, 0) !== undefined || hostname.endsWith('.localhost');
}

function hasRoute(gateway: Gateway, { url }: SendRequest): boolean {
  return gateway.hasRoute('internal', url.host, `${url.pathname}${url.search}`);
}

/** By a Service's endpoints, or wherever the host is. */
export async function overWire(wire: Wire, places: Places, request: SendRequest, signal: CancelSignal) {
  const { hostname } = request.url;
  const port = portOf(request.url);
  const place = await places.find(hostname, port);
  try {
    return await wire.send(request, place, signal);
  } catch (error) {
    // Whatever went wrong, it may be that the endpoints have changed.
    places.forget(hostname, port);
    throw error;
  }
}
