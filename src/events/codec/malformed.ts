// What is thrown inside the codec where something is no proper event; decodeHttp makes it an outcome.

/** The message says what was expected and what was met. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}
