// What is said on the line.

import { messageOf } from '#base/mod.ts';

/** One piece of what is wanted, by its kind and key; without a value it is no longer wanted. */
export interface Change {
  readonly kind: string;
  readonly key: string;
  readonly value?: unknown;
  /** Nobody took it back: a whole that was told just did not have it any more. */
  readonly isStale?: boolean;
}

/** A change that could not be carried out, and why. Those told with it were. */
export interface Failure extends Pick<Change, 'kind' | 'key'> {
  readonly error: string;
}

/** What tells changes apart: a newer one with the same name is in place of an older. */
export function nameOf({ kind, key }: Pick<Change, 'kind' | 'key'>): string {
  return `${kind}\n${key}`;
}

/** The control process speaks; every request is answered under its number. What was told is answered by what of it failed. */
export type Request = { readonly id: number } & (
  | {
      /** The whole of what is wanted: what is not in it goes, unless the rest is yet to be told. */
      readonly op: 'reset';
      readonly unfinished: boolean;
      readonly wanted: readonly Change[];
    }
  | { readonly op: 'change'; readonly changes: readonly Change[] }
  | Question
);

export interface Question {
  readonly id: number;
  readonly op: 'ask';
  readonly name: string;
  readonly argument: unknown;
}

/** An answer, by the number of what was asked. */
export type Answer = { readonly answer: number } & ({ readonly result: unknown } | { readonly error: string });

/** What is told without being asked for. */
export interface News {
  readonly news: string;
  readonly value: unknown;
}

export type FromControl = Request | Answer;
export type FromData = Question | Answer | News;

/** Answers what is asked, by name. */
export type Answering = Readonly<Record<string, (argument: unknown) => Promise<unknown>>>;

/** What one of these answers, as it goes over the line. Never rejects. */
export function answerTo({ id, name, argument }: Question, answering: Answering): Promise<Answer> {
  return answerOf(id, async () => {
    const answer = answering[name];
    if (!answer) throw new Error(`nobody answers ${name}`);
    return answer(argument);
  });
}

/** What comes of it, as it goes over the line. Never rejects. */
export async function answerOf(id: number, run: () => Promise<unknown>): Promise<Answer> {
  try {
    return { answer: id, result: (await run()) ?? null };
  } catch (error) {
    return { answer: id, error: messageOf(error) };
  }
}
