// Coloured text for terminals.

import type { CliPorts } from './ports.ts';

const CODES = { green: 32, yellow: 33, red: 31 } as const;

/** The text in a colour on a terminal, plain for everybody else and where NO_COLOR is set. */
export function painted(
  text: string,
  colour: keyof typeof CODES,
  { isTerminal, env }: Pick<CliPorts, 'isTerminal' | 'env'>,
): string {
  return isTerminal && !env.NO_COLOR ? `\u001B[${CODES[colour]}m${text}\u001B[0m` : text;
}
