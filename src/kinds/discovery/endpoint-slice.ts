// An EndpointSlice: addresses behind a Service.

import type { KubeObject, ObjectOf, TypeOf } from '#machinery/mod.ts';
import { age, computed, defineKind, flag, int32, list, map, object, set, text } from '#machinery/mod.ts';
import { ObjectReferenceSchema } from '../core/references.ts';

const EndpointSchema = object({
  addresses: set(text()).required(),
  conditions: object({ ready: flag(), serving: flag(), terminating: flag() }),
  hostname: text(),
  targetRef: ObjectReferenceSchema,
  deprecatedTopology: map(text()),
  nodeName: text(),
  zone: text(),
  hints: object({
    forZones: list(object({ name: text().required() })),
    forNodes: list(object({ name: text().required() })),
  }),
});
export type Endpoint = TypeOf<typeof EndpointSchema>;

const EndpointPortSchema = object({ name: text(), protocol: text(), port: int32(), appProtocol: text() });
export type EndpointPort = TypeOf<typeof EndpointPortSchema>;

const Fields = {
  addressType: text().required(),
  endpoints: list(EndpointSchema).required(),
  ports: list(EndpointPortSchema),
};
const SliceSchema = object(Fields);
type Parts = KubeObject & TypeOf<typeof SliceSchema>;

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

/** How many entries kubectl shows before it says `+ n more...`. */
const SHOWN = 3;

function shown(entries: readonly string[], none: string): string {
  if (entries.length === 0) return none;
  const more = entries.length > SHOWN ? ` + ${entries.length - SHOWN} more...` : '';
  return `${entries.slice(0, SHOWN).join(',')}${more}`;
}

export const EndpointSlice = defineKind({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  names: { plural: 'endpointslices' },
  scope: 'Namespaced',
  doc: 'EndpointSlice represents a set of service endpoints.',
  fields: Fields,
  columns: {
    AddressType: computed((slice: Parts) => slice.addressType),
    Ports: computed((slice: Parts) =>
      shown(
        (slice.ports ?? []).map(({ port }) => String(port ?? '*')),
        '<unset>',
      ),
    ),
    Endpoints: computed((slice: Parts) =>
      shown(
        (slice.endpoints ?? []).flatMap(({ addresses }) => addresses),
        '<unset>',
      ),
    ),
    Age: age,
  },
  lossy: 'all',
  defaults(slice) {
    slice.endpoints ??= [];
    for (const endpoint of slice.endpoints) endpoint.conditions ??= {};
    for (const port of slice.ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  validate({ ports = [] }, problems) {
    const names = new Set<string>();
    for (const [i, { name = '', protocol = '' }] of ports.entries()) {
      if (names.has(name)) problems.duplicate(`ports[${i}].name`, name);
      if (!PROTOCOLS.includes(protocol)) problems.notSupported(`ports[${i}].protocol`, protocol, PROTOCOLS);
      names.add(name);
    }
  },
});
export type EndpointSlice = ObjectOf<typeof EndpointSlice>;
