// What is wrong with a message, in the words and with the status that its sender is told.

export interface Problem {
  readonly status: 400 | 405 | 413 | 431 | 501 | 505;
  readonly why: string;
}

/** As an error, for whoever waits for the message. */
export function problemError({ why }: Problem): Error {
  return new Error(why);
}
