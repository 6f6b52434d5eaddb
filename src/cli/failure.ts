// Ends of a command that a person brought about or can mend; each kind fixes the exit code.

/** 1: it did not work. 2: the command line is wrong. 3: there is no such thing. 130: cancelled. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: 1 | 2 | 3 | 130;

  constructor(message: string, code: 1 | 2 | 3 | 130 = 1) {
    super(message);
    this.code = code;
  }
}

export const usage = (message: string): Failure => new Failure(message, 2);
export const absent = (message: string): Failure => new Failure(message, 3);
