// ebb completion: words for the shell to complete, made from the commands themselves.

import { Command } from 'commander';
import { usage } from '../failure.ts';
import type { CliPorts } from '../ports.ts';

const HELP = `
Examples:
  source <(ebb completion bash)
  ebb completion zsh > ~/.zfunc/_ebb
  ebb completion fish > ~/.config/fish/completions/ebb.fish`;

export function completionCommand(ports: CliPorts): Command {
  return new Command('completion')
    .summary('print a completion script for bash, zsh or fish')
    .description('Prints a script that completes commands and flags in a shell.')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText('after', HELP)
    .action((shell: string, _flags: unknown, command: Command) => {
      const script = SHELLS[shell];
      if (!script)
        throw usage(`the shell must be one of ${Object.keys(SHELLS).join(', ')}, but is ${JSON.stringify(shell)}`);
      ports.out(script(wordsOf(command.parent ?? command)));
    });
}

interface Words {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly string[];
  readonly subcommands: readonly string[];
}

function wordsOf(program: Command): Words[] {
  return program.commands.map((command) => ({
    name: command.name(),
    summary: command.summary() || command.description(),
    flags: flagsOf(command),
    // Words of the first argument, where they are known.
    subcommands: command.name() === 'completion' ? Object.keys(SHELLS) : command.commands.map((inner) => inner.name()),
  }));
}

/** Those of its subcommands, too. */
function flagsOf(command: Command): string[] {
  const options = [command, ...command.commands].flatMap((one) => one.options).filter(({ hidden }) => !hidden);
  return [...new Set(options.flatMap(({ long }) => long ?? []))];
}

const SHELLS: Readonly<Record<string, (words: readonly Words[]) => string>> = {
  bash: (words) => `_ebb() {
  local words
  case "\${COMP_WORDS[1]}" in
${words.map(({ name, flags, subcommands }) => `    ${name}) words="${[...subcommands, ...flags].join(' ')}" ;;`).join('\n')}
    *) words="${words.map(({ name }) => name).join(' ')}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _ebb ebb
`,
  zsh: (words) => `#compdef ebb
_ebb() {
  if (( CURRENT == 2 )); then
    local -a commands=(${words.map(({ name, summary }) => `'${name}:${summary.replaceAll("'", "'\\''")}'`).join(' ')})
    _describe command commands
    return
  fi
  case "$words[2]" in
${words.map(({ name, flags, subcommands }) => `    ${name}) compadd -- ${[...subcommands, ...flags].join(' ')}; _files ;;`).join('\n')}
  esac
}
compdef _ebb ebb
`,
  fish: (words) =>
    words
      .flatMap(({ name, summary, flags, subcommands }) => [
        `complete -c ebb -n __fish_use_subcommand -a ${name} -d '${summary.replaceAll("'", "\\'")}'`,
        ...subcommands.map((inner) => `complete -c ebb -n '__fish_seen_subcommand_from ${name}' -a ${inner}`),
        ...flags.map((flag) => `complete -c ebb -n '__fish_seen_subcommand_from ${name}' -l ${flag.slice(2)}`),
      ])
      .join('\n')
      .concat('\n'),
};
