// What is used of the library, without the `any` of its own declarations.

declare module 'jsonata' {
  interface Expression {
    evaluate(input: unknown): Promise<unknown>;
  }
  interface Bounds {
    /** Milliseconds, looked at between two steps of an evaluation. */
    readonly timeout: number;
    /** How deep steps may lie within one another. */
    readonly stack: number;
    /** How long a list may get. */
    readonly sequence: number;
  }
  /** Throws what is wrong with the expression, with `message` and `position`. */
  export default function jsonata(expression: string, bounds: Bounds): Expression;
}
