// What goes on of a head, as text: lines that stay are passed on as they came, not taken apart and written anew.

import { lineOf } from '../fields.ts';
import type { HeadReader } from './head-reader.ts';

/** Field lines of a head that was read, in their order. Whoever makes one goes through all fields, one after the other. */
export class Excerpt {
  readonly #reader: HeadReader;
  #kept = '';
  /** Where the part that stays as it came begins. */
  #from: number;

  /** All from `from` on stays unless it is left out. */
  constructor(reader: HeadReader, from: number) {
    this.#reader = reader;
    this.#from = from;
  }

  /** A field goes on; one with other blanks around its value than usual gets the usual ones, so that all read it alike. */
  keep(nth: number): void {
    if (this.#reader.isUsual(nth)) return;
    this.leaveOut(nth);
    this.#kept += lineOf(this.#reader.name(nth), this.#reader.value(nth));
  }

  leaveOut(nth: number): void {
    this.#close(this.#reader.nameAt(nth));
    this.#from = this.#reader.nameAt(nth + 1);
  }

  /** The lines that stay. */
  end(): string {
    this.#close(this.#reader.nameAt(this.#reader.fieldCount));
    return this.#kept;
  }

  #close(to: number): void {
    if (this.#from < to) this.#kept += this.#reader.text.substring(this.#from, to);
    this.#from = to;
  }
}
