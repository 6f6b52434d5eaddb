// Sessions as text: commands, and what they print.
//
//   # a remark
//   $ command             run by sh; several lines may follow with `> ` before each, as input continues
//   expected output       `[..]` stands for anything in a line, a line of `...` for any number of lines
//   ? 1                   the exit code, where it is not 0
//
// An expectation ends at the next command or remark. A command without expected output may print anything.

export interface Step {
  readonly line: number;
  readonly command: string;
  /** Undefined where anything may be printed. */
  readonly output: readonly string[] | undefined;
  readonly code: number;
}

export function parseSession(text: string): Step[] {
  const steps: { line: number; command: string; output: string[]; code: number }[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const step = steps.at(-1);
    if (line.startsWith('#')) continue;
    if (line.startsWith('$ ')) steps.push({ line: index + 1, command: line.slice(2), output: [], code: 0 });
    else if (!step) {
      if (line.trim()) throw new Error(`line ${index + 1}: expected a command ("$ …") before ${JSON.stringify(line)}`);
    } else if (line.startsWith('> ') && step.output.length === 0) step.command += `\n${line.slice(2)}`;
    else if (line.startsWith('? ')) step.code = Number(line.slice(2));
    else step.output.push(line);
  }
  return steps.map((step) => {
    const output = trimBlank(step.output);
    return { ...step, output: output.length > 0 ? output : undefined };
  });
}

function trimBlank(lines: readonly string[]): string[] {
  const out = [...lines];
  while (out.length > 0 && out.at(-1)?.trim() === '') out.pop();
  return out;
}

/** Whether what was printed is what was expected. */
export function matches(expected: readonly string[], printed: readonly string[]): boolean {
  const [first, ...rest] = expected;
  if (first === undefined) return printed.length === 0;
  if (first.trim() === '...')
    return printed.some((_, index) => matches(rest, printed.slice(index))) || matches(rest, []);
  const [line, ...others] = printed;
  return line !== undefined && pattern(first).test(evened(line)) && matches(rest, others);
}

/** How client-go logs that a watch ended which kubectl itself has broken off, having seen what it waited for: it does so now and then. */
const OWN_END = /^[IW]\d{4} .*"Warning: watch ended with error".*context canceled/;

/** The lines of what was printed, without those that a client only says now and then of itself. */
export function linesOf(printed: string): string[] {
  return printed
    .replace(/\n+$/, '')
    .split('\n')
    .filter((line) => !OWN_END.test(line));
}

/** Columns are as wide as their widest cell, which may be a port or a name that differs: how many spaces there are is not compared. */
function evened(line: string): string {
  return line.trimEnd().replaceAll(/\s+/g, ' ');
}

function pattern(expected: string): RegExp {
  const parts = evened(expected)
    .split('[..]')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}
