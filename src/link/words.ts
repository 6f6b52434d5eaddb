// What is said on the line.

/** One piece of what is wanted, by its kind and key; without a value it is no longer wanted. */
export interface Change {
  readonly kind: string;
  readonly key: string;
  readonly value?: unknown;
  /** Nobody took it back: a whole that was told just did not have it any more. */
  readonly isStale?: boolean;
}

/** The control process speaks; every request is answered under its number, in any order. */
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
export async function answerTo({ id, name, argument }: Question, answering: Answering): Promise<Answer> {
  const answer = answering[name];
  if (!answer) return { answer: id, error: `nobody answers ${name}` };
  try {
    return { answer: id, result: (await answer(argument)) ?? null };
  } catch (error) {
    return { answer: id, error: error instanceof Error ? error.message : String(error) };
  }
}
