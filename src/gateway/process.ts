// The data process: a gateway, and the link by which a control process tells it what to do.

import type { Clock } from '#base/mod.ts';
import { systemClock, systemRandom } from '#base/mod.ts';
import type { Logger, Metrics, Tracer } from '#telemetry/mod.ts';
import { engineTransport } from './engine/mod.ts';
import { serveControl } from './link-server.ts';
import { nodeTransport } from './node-http/mod.ts';
import type { Gateway, GatewayOptions, GatewayPorts } from './server.ts';
import { startGateway } from './server.ts';
import type { Transport } from './transport.ts';

/** A home of the transport port by its name. */
export type EngineName = 'own' | 'node';

const ENGINES: Readonly<Record<EngineName, (clock: Clock) => Transport>> = {
  own: engineTransport,
  node: nodeTransport,
};

export interface DataProcessOptions
  extends Pick<
    GatewayOptions,
    'httpsHost' | 'internalHost' | 'publicHttpsPort' | 'limits' | 'maxWaiting' | 'requestLog' | 'ingest' | 'async'
  > {
  readonly ports: GatewayPorts;
  readonly host: string;
  /** Where the control process finds it. */
  readonly socketPath: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tracer?: Tracer;
  /** Whose HTTP/1.1 it speaks: this project's own engine, which it is unless told, or Node's. */
  readonly engine?: EngineName;
  /** A control process has told everything that is wanted. */
  readonly onTold?: () => void;
  /** The platform stops: nothing is to begin by itself until everything is told anew. */
  readonly onRest?: () => void;
}

/** A gateway that a control process tells what to do. */
export interface DataGateway extends Gateway {
  /** Whether it has been told of everything: until then a route may be missing that is there. */
  readonly isTold: boolean;
}

/** Starts on the machine's clock and chance. It serves until closed, whether or not a control process is there. */
export async function runDataProcess(options: DataProcessOptions): Promise<DataGateway> {
  const { socketPath, log, engine = 'own', onTold, onRest, ...rest } = options;
  const transport = ENGINES[engine](systemClock);
  let isTold = false;
  const ports = { log, transport, clock: systemClock, random: systemRandom };
  const gateway = await startGateway({ ...rest, ...ports, isTold: () => isTold });
  try {
    const link = await serveControl(socketPath, gateway.control, {
      address: gateway.address,
      log,
      metrics: options.metrics,
      onTold() {
        isTold = true;
        onTold?.();
      },
      onRest,
    });
    return {
      address: gateway.address,
      control: gateway.control,
      get isTold() {
        return isTold;
      },
      serve: (exchange, door) => gateway.serve(exchange, door),
      hasRoute: (door, authority, target) => gateway.hasRoute(door, authority, target),
      async close(graceMs) {
        // What waits may still be woken while the gateway drains, so the link goes last.
        await gateway.close(graceMs);
        await link.close();
      },
    };
  } catch (error) {
    await gateway.close(0);
    throw error;
  }
}
