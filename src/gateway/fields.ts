// Fields on their way: a list for those who look at them, lines for those who only pass them on.

import type { RawHeaders } from './transport.ts';

const GAP = ': ';
const LINE_END = '\r\n';
const NOT_NAME = /[^!#$%&'*+.^_`|~0-9A-Za-z-]/;
const NOT_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** The fields of one head. Whichever form they came in, the other is made for the first who asks. */
export class Fields {
  #list: RawHeaders | undefined;
  #lines: string | undefined;

  private constructor(list: RawHeaders | undefined, lines: string | undefined) {
    this.#list = list;
    this.#lines = lines;
  }

  static of(list: RawHeaders): Fields {
    return new Fields(list, undefined);
  }

  /** `lines` are in their usual form, and were looked through. */
  static looked(lines: string): Fields {
    return new Fields(undefined, lines);
  }

  get list(): RawHeaders {
    return (this.#list ??= fieldsIn(this.#lines ?? ''));
  }

  /** Throws where a field would break out of its line. */
  get lines(): string {
    return (this.#lines ??= linesOf(this.#list ?? []));
  }
}

/** Fields as lines. Throws where one would break out of its line: all names are looked through at once, and all values. */
export function linesOf(headers: RawHeaders): string {
  let text = '';
  let names = '';
  let values = '';
  let isNameless = false;
  // To begin to look costs more than to look.
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    if (name === '') isNameless = true;
    text += lineOf(name, value);
    names += name;
    values += value;
  }
  if (isNameless || NOT_NAME.test(names) || NOT_VALUE.test(values)) throw badField(headers);
  return text;
}

export function lineOf(name: string, value: string): string {
  return `${name}${GAP}${value}${LINE_END}`;
}

export function isName(text: string): boolean {
  return text !== '' && !NOT_NAME.test(text);
}

export function isValue(text: string): boolean {
  return !NOT_VALUE.test(text);
}

/** Names and values by turns, of lines in their usual form. */
export function fieldsIn(text: string, from = 0, to: number = text.length): string[] {
  const out: string[] = [];
  for (let at = from; at < to; ) {
    const colon = text.indexOf(':', at);
    const end = text.indexOf(LINE_END, colon);
    out.push(text.substring(at, colon), text.substring(colon + GAP.length, end));
    at = end + LINE_END.length;
  }
  return out;
}

function badField(headers: RawHeaders): TypeError {
  const at = headers.findIndex((text, i) => !(i % 2 === 0 ? isName(text) : isValue(text)));
  return new TypeError(
    at % 2 === 0 ? `"${headers[at]}" is no field name` : `field ${headers[at - 1]} has a character it cannot have`,
  );
}
