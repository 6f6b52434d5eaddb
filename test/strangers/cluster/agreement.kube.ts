// Whether this project's API server and Kubernetes' own say the same of an object: accept or refuse, prune alike, warn alike.

import { sample } from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '#base/mod.ts';
import { equal, isRecord } from '#base/mod.ts';
import { allKinds } from '#kinds/mod.ts';
import type { Kind } from '#machinery/mod.ts';
import { clusterOfEnvironment } from './environment.ts';
import { EXCEPTIONS } from './exceptions.ts';
import { objectsOf, variantsOf } from './objects-by-chance.ts';
import type { OwnServer } from './own-server.ts';
import { startOwnServer } from './own-server.ts';
import { RIGHT } from './right-objects.ts';
import type { Verdict } from './verdicts.ts';
import { verdictOf } from './verdicts.ts';

const OBJECTS_A_KIND = 20;
const { access } = clusterOfEnvironment();

let own: OwnServer;
beforeAll(async () => {
  own = await startOwnServer();
});
afterAll(() => own.close());

describe.each(['Strict', 'Warn'])('with %s', (fieldValidation) => {
  const custom = allKinds
    .filter((kind) => kind.custom && !EXCEPTIONS.kinds[`${kind.kind} ${kind.apiVersion}`])
    .map((kind) => [kind, objectsOf(kind)] as const);
  const builtIn = Object.entries(RIGHT).map(([name, parts]) => {
    const kind = allKinds.find((one) => one.kind === name && !one.custom);
    if (!kind) throw new Error(`no kind ${name}`);
    return [kind, variantsOf(kind, parts)] as const;
  });
  test.each([...custom, ...builtIn].map(([kind, objects]) => [kind.kind, kind.apiVersion, kind, objects] as const))(
    'on %s (%s)',
    async (_name, _version, kind, objects) => {
      const found: string[] = [];
      for (const object of sample(objects, { numRuns: OBJECTS_A_KIND, seed: 1 })) {
        found.push(...(await differences(kind, object, fieldValidation)));
      }
      expect(found.join('\n')).toBe('');
    },
  );
});

async function differences(kind: Kind, object: JsonObject, fieldValidation: string): Promise<string[]> {
  const [ours, theirs] = [
    await verdictOf(own.access, kind, object, fieldValidation),
    await verdictOf(access, kind, object, fieldValidation),
  ];
  const isSame =
    ours.code === theirs.code &&
    ours.reason === theirs.reason &&
    JSON.stringify(said(ours)) === JSON.stringify(said(theirs));
  const places = otherPlaces(ours.kept, theirs.kept, '').filter(
    ({ place }) => !EXCEPTIONS.places.some(([pattern]) => pattern.test(place)),
  );
  if (isSame && places.length === 0) return [];
  const told = ({ code, message, warnings }: Verdict) => [code, message, ...warnings].join(' | ');
  const different = places.map(({ place, both }) => `  ${place}: ${both}`);
  return [[JSON.stringify(object), `  ours:   ${told(ours)}`, `  theirs: ${told(theirs)}`, ...different].join('\n')];
}

const said = ({ warnings }: Verdict): string[] =>
  warnings.filter((text) => !EXCEPTIONS.words.some(([pattern]) => pattern.test(text))).toSorted();

interface Place {
  readonly place: string;
  readonly both: string;
}

/** The places where two values differ, with both. */
function otherPlaces(ours: unknown, theirs: unknown, place: string): Place[] {
  if (isRecord(ours) && isRecord(theirs))
    return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].flatMap((key) =>
      otherPlaces(ours[key], theirs[key], `${place}.${key}`),
    );
  if (Array.isArray(ours) && Array.isArray(theirs) && ours.length === theirs.length)
    return ours.flatMap((one, i) => otherPlaces(one, theirs[i], `${place}[${i}]`));
  return equal(ours, theirs) ? [] : [{ place, both: `ours ${JSON.stringify(ours)}, theirs ${JSON.stringify(theirs)}` }];
}
