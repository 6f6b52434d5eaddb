// Where a source sends to: the port by which destinations are resolved, and what a source says of it.

import type { Index, Reader, Turn, Watch } from '#engine/mod.ts';
import { index, watch } from '#engine/mod.ts';
import type { Address, Destination } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { keyOf, splitApiVersion } from '#machinery/mod.ts';

/** An address that has a URL. */
export type SinkAddress = Address & { url: string };

export type ResolvedSink = { readonly address: SinkAddress } | { readonly fault: string };

/** Finds out where destinations lead. */
export interface SinkResolver {
  /** Kinds whose objects may be referred to; a change of one may lead elsewhere. */
  readonly kinds: readonly Kind[];
  /** A reference without a namespace is looked for in this one. */
  resolve(destination: Destination, namespace: string, reader: Reader): ResolvedSink;
}

/** What has a sink. */
export type WithSink = KubeObject & {
  spec: { sink?: Destination | undefined };
  status?: SinkStatus | undefined;
};

interface SinkStatus {
  sinkUri?: string | undefined;
  sinkCACerts?: string | undefined;
  sinkAudience?: string | undefined;
}

function referenceKey(apiVersion: string, kind: string, namespace: string, name: string): string {
  return `${splitApiVersion(apiVersion).group}/${kind} ${namespace}/${name}`;
}

const indexOf = (kind: Kind): string => `sources/${kind.names.plural}-by-sink`;

/** A look at each object whose sink changes. */
export function watchSinks<O extends WithSink>(
  kind: Kind<O>,
  { kinds }: SinkResolver,
): { watches: Watch[]; indexes: Index[] } {
  return {
    watches: kinds.map((one) =>
      watch(one, ({ apiVersion, kind: name, metadata }, reader) =>
        reader
          .byIndex(kind, indexOf(kind), referenceKey(apiVersion, name, metadata.namespace ?? '', metadata.name))
          .map(keyOf),
      ),
    ),
    indexes: [
      index(kind, indexOf(kind), ({ metadata, spec }) => {
        const { ref } = spec.sink ?? {};
        if (!ref?.name) return [];
        const namespace = ref.namespace ?? metadata.namespace ?? '';
        // A reference by its group alone has no version.
        return [referenceKey(ref.apiVersion ?? `${ref.group ?? ''}/`, ref.kind ?? '', namespace, ref.name)];
      }),
    ],
  };
}

/** Resolves the sink of a source and says so in its status. Undefined where it leads nowhere. */
export function settleSink<O extends WithSink>(turn: Turn<O>, sinks: SinkResolver): SinkAddress | undefined {
  const { object, mark } = turn;
  const sink = object.spec.sink ?? {};
  const resolved = sinks.resolve(sink, object.metadata.namespace ?? '', turn);
  if ('fault' in resolved) {
    tellSink(turn.status, undefined);
    mark.false('SinkProvided', 'NotFound', resolved.fault);
    turn.event('Warning', 'SinkNotFound', `Sink not found: ${JSON.stringify(sink)}`);
    return undefined;
  }
  tellSink(turn.status, resolved.address);
  mark.true('SinkProvided');
  return resolved.address;
}

/** Writes an address into a status, or takes the old one out. */
export function tellSink(status: SinkStatus, address: SinkAddress | undefined): void {
  setOrDelete(status, 'sinkUri', address?.url);
  setOrDelete(status, 'sinkCACerts', address?.CACerts);
  setOrDelete(status, 'sinkAudience', address?.audience);
}

function setOrDelete(status: SinkStatus, field: keyof SinkStatus, value: string | undefined): void {
  if (value) status[field] = value;
  else delete status[field];
}
