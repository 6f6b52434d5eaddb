// Templates of settings: Go's own, over values whose maps are those of labels and annotations.

import { GoMap, goTemplate, isRecord, messageOf } from '#base/mod.ts';
import { PlainFault } from './settings.ts';

type Values = Readonly<Record<string, unknown>>;
/** Fills a template with values. */
export type Template = (values: Values) => string;

/** What Go's messages say of a template: its name, and the type of its values. */
export interface TemplateName {
  readonly name: string;
  readonly type: string;
}

/** Reads a template; throws an Error that says where it cannot. So does filling it, where it names what there is not. */
export function parseTemplate(source: string, about: TemplateName = { name: '', type: '' }): Template {
  const fill = inGoWords(source, about, () => goTemplate(source));
  return (values) => {
    const given = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, asGo(value)]));
    return inGoWords(source, about, () => fill(given));
  };
}

/** A record of texts is a map, which has an empty text for every key that is not in it. */
function asGo(value: unknown): unknown {
  return isRecord(value) ? new GoMap(new Map(Object.entries(value)), '') : value;
}

/** Tells what is wrong with a template as Go does: with its name, and the type that lacks a field. */
function inGoWords<T>(source: string, { name, type }: TemplateName, act: () => T): T {
  try {
    return act();
  } catch (thrown) {
    const fault = messageOf(thrown);
    const [, field] = /can't evaluate field (\w+)$/.exec(fault) ?? [];
    const [, line, text] = /^template: (\d+): (.*)$/.exec(fault) ?? [];
    if (field !== undefined) {
      const place = `${name}:1:${source.indexOf(`.${field}`)}`;
      throw new PlainFault(
        `template: ${place}: executing ${JSON.stringify(name)} at <.${field}>: can't evaluate field ${field} in type ${type}`,
      );
    }
    throw new PlainFault(line === undefined ? fault : `template: ${name}:${line}: ${text}`);
  }
}
