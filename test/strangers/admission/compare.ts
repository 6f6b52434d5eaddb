// What Ebb and Knative make of the same writes, and where they differ.

import { execFileSync } from 'node:child_process';
import type { JsonObject } from '#base/mod.ts';
import { copy, equal, isRecord } from '#base/mod.ts';
import { allKinds, checkConfigMap } from '#kinds/mod.ts';
import type { ConfigMap } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { ApiError, applyDefaults, decodeObject } from '#machinery/mod.ts';
import { tryWrite } from '../../../src/kinds/trial.ts';
import type { Write } from './writes.ts';

/** One step of admission as the program `main.go` reads it. */
interface Step extends Pick<Write, 'kind' | 'config'> {
  readonly object: JsonObject | KubeObject;
  readonly before?: KubeObject | undefined;
  readonly user: string;
}

interface Verdict {
  readonly object?: unknown;
  readonly text: string;
  readonly warnings: readonly string[];
}

/** A write on which the two do not agree. */
export interface Difference {
  readonly step: Step;
  /** In few words, so that like differences can be counted together. */
  readonly about: string;
  readonly ours: unknown;
  readonly theirs: unknown;
}

const USER = 'someone';

/** The kind of Knative with this name; `Service` and `Ingress` are none of Kubernetes' own. */
export function kindOf(name: string): Kind {
  const kind = allKinds.find((one) => one.kind === name && one.custom);
  if (!kind) throw new Error(`no kind of Knative's is called ${name}`);
  return kind;
}

/** Judges writes by both; `oracle` is the path of Knative's program. What the schema refuses is left out: it never reaches admission. */
export function differencesOf(writes: readonly Write[], oracle: string): { tried: number; found: Difference[] } {
  const steps = writes.flatMap(stepsOf);
  const theirs = ask(oracle, steps);
  return { tried: steps.length, found: steps.flatMap((step, i) => differences(step, theirs[i])) };
}

function stepsOf({ kind, object, next, config }: Write): Step[] {
  const read = (one: JsonObject): KubeObject[] => {
    try {
      const { object: decoded } = decodeObject(kindOf(kind), copy(one), { fieldValidation: 'Ignore' });
      return tryWrite(kindOf(kind), decoded, { config, user: USER }).problems.length > 0 ? [] : [decoded];
    } catch (thrown) {
      if (thrown instanceof ApiError) return [];
      throw thrown;
    }
  };
  const [first] = read(object);
  if (!first) return [];
  if (!next) return [{ kind, config, object: first, user: USER }];
  const before = tryWrite(kindOf(kind), first, { config, user: 'before' }).object;
  return read(next).map((changed) => ({ kind, config, object: changed, before, user: USER }));
}

function ask(oracle: string, steps: readonly Step[]): Verdict[] {
  const input = steps.map((step) => JSON.stringify(step)).join('\n');
  const output = execFileSync(oracle, { input: `${input}\n`, maxBuffer: 2 ** 30, encoding: 'utf8' });
  return output
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Verdict);
}

function differences(step: Step, theirs: Verdict | undefined): Difference[] {
  if (!theirs) return [{ step, about: 'no answer', ours: undefined, theirs: undefined }];
  const ours = judged(step);
  const found: Difference[] = [];
  const add = (about: string, mine: unknown, other: unknown) => found.push({ step, about, ours: mine, theirs: other });
  const [mine, other] = [plainText(ours.text), plainText(theirs.text)];
  if (mine !== other) add(`text: ${firstOther(mine, other)}`, ours.text, theirs.text);
  if (!equal(ours.warnings.toSorted(), theirs.warnings.toSorted())) add('warnings', ours.warnings, theirs.warnings);
  if (theirs.object !== undefined) {
    for (const path of otherFields(withoutStatus(ours.object), withoutStatus(theirs.object), ''))
      add(`object: ${path.replaceAll(/\[\d+\]/g, '[]')}`, ours.object, theirs.object);
  }
  return found;
}

function judged({ kind, object, before, config }: Step): Verdict {
  const written = copy(object) as KubeObject;
  applyDefaults(kindOf(kind), written);
  return tryWrite(kindOf(kind), written, { before, config, user: USER });
}

/** A text without the list of changes, in which Go prints addresses of pointers. */
function plainText(text: string): string {
  return text.replace(/(\(-old \+new\): \S+)\n[^]*?(?=\n\n|$)/, '$1');
}

/** The first sentence that one has and the other has not, without its values. */
function firstOther(ours: string, theirs: string): string {
  const [mine, other] = [ours.split('\n'), theirs.split('\n')];
  const extra = mine.find((line) => !other.includes(line));
  const lacking = other.find((line) => !mine.includes(line));
  const plain = (line: string | undefined) =>
    (line ?? '')
      .replaceAll(/\[\d+\]/g, '[]')
      .replaceAll(/"[^"]*"/g, '""')
      .slice(0, 160);
  return extra === undefined && lacking === undefined ? 'order' : `${plain(extra)} | ${plain(lacking)}`;
}

/** Where two objects differ. Go drops what is empty when it writes a struct; that is no difference, nor is what it adds empty. */
function otherFields(ours: unknown, theirs: unknown, path: string): string[] {
  if (isEmpty(ours) && theirs === undefined) return [];
  if (ours === undefined && (theirs === '' || isHollow(theirs))) return [];
  if (Array.isArray(ours) && Array.isArray(theirs) && ours.length === theirs.length)
    return ours.flatMap((one, i) => otherFields(one, theirs[i], `${path}[${i}]`));
  if (isRecord(ours) && isRecord(theirs))
    return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].flatMap((key) =>
      otherFields(ours[key], theirs[key], `${path}.${key}`),
    );
  return equal(ours, theirs) ? [] : [path];
}

/** Go always writes a status, with zeros in it; no write of an object takes it. */
function withoutStatus(object: unknown): unknown {
  const { status: _status, ...rest } = isRecord(object) ? object : {};
  return rest;
}

const isEmpty = (value: unknown): boolean => value === '' || value === 0 || value === false || isHollow(value);

function isHollow(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.values(value).every(isHollow);
}

/** Where the two differ on config maps. */
export function configDifferences(maps: readonly ConfigMap[], oracle: string): { tried: number; found: Difference[] } {
  const steps = maps.map((object) => ({ kind: 'ConfigMap', object, user: USER, config: {} }));
  const theirs = ask(oracle, steps);
  const found = steps.flatMap((step, i) => {
    const ours = checkConfigMap(step.object) ?? '';
    const other = theirs[i]?.text ?? '';
    return ours === other ? [] : [{ step, about: `text: ${firstOther(ours, other)}`, ours, theirs: other }];
  });
  return { tried: steps.length, found };
}
