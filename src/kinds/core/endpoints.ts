// Endpoints: the older list of a Service's addresses.

import type { ObjectOf, TypeOf } from '#machinery/mod.ts';
import { age, computed, defineKind, int32, list, object, text } from '#machinery/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { ObjectReferenceSchema } from './references.ts';

const AddressSchema = object({
  ip: text().required(),
  hostname: text(),
  nodeName: text(),
  targetRef: ObjectReferenceSchema,
});

const SubsetsSchema = list(
  object({
    addresses: list(AddressSchema),
    notReadyAddresses: list(AddressSchema),
    ports: list(
      object({ name: text(), port: int32().required(), protocol: text().default('TCP'), appProtocol: text() }),
    ),
  }),
);
type Subsets = TypeOf<typeof SubsetsSchema>;
export type EndpointSubset = Subsets[number];

/** How many addresses kubectl shows before it says `+ n more...`. */
const SHOWN = 3;

function addressesText({ subsets = [] }: { subsets?: Subsets | undefined }): string {
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => `${ip}:${port}`)),
  );
  const more = all.length > SHOWN ? ` + ${all.length - SHOWN} more...` : '';
  return `${all.slice(0, SHOWN).join(',') || '<none>'}${more}`;
}

export const Endpoints = defineKind({
  apiVersion: 'v1',
  kind: 'Endpoints',
  names: { plural: 'endpoints', short: ['ep'] },
  scope: 'Namespaced',
  doc: 'Endpoints is a collection of endpoints that implement the actual service.',
  fields: { subsets: SubsetsSchema },
  columns: { Endpoints: computed((object: KubeObject & { subsets?: Subsets }) => addressesText(object)), Age: age },
});
export type Endpoints = ObjectOf<typeof Endpoints>;
