// ebb completion: words for the shell to complete, made from the commands themselves.

import { Command } from 'commander';
import { allKinds } from '#kinds/mod.ts';
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
    subcommands:
      command.name() === 'completion'
        ? Object.keys(SHELLS)
        : command.commands.flatMap((inner) => [inner.name(), ...inner.aliases()]),
  }));
}

/** Those of its subcommands, too. */
function flagsOf(command: Command): string[] {
  const options = [command, ...command.commands].flatMap((one) => one.options).filter(({ hidden }) => !hidden);
  return [...new Set(options.flatMap(({ long }) => long ?? []))];
}

/** Flags whose values are names of objects, and of which kind. */
const NAMED: Readonly<Record<string, string>> = {
  '--broker': 'brokers',
  '--channel': 'channels',
  '--trigger': 'triggers',
  '--subscription': 'subscriptions',
  '--namespace': 'namespaces',
};
const SERVICES = "ebb get ksvc -o name 2>/dev/null | sed 's|.*/||'";
const EVENTS = 'ebb events list -o name 2>/dev/null';
/** The first column of a table. */
const firstOf = (command: string): string => `${command} 2>/dev/null | awk 'NR>1 {print $1}'`;
const KINDS = `functions ${[...new Set(allKinds.map(({ names }) => names.plural))].sort().join(' ')}`;
/** Commands whose arguments are names, and what tells them. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  logs: SERVICES,
  invoke: SERVICES,
  why: SERVICES,
  export: SERVICES,
  'image rm': firstOf('ebb image ls'),
  'user rm': firstOf('ebb user ls'),
  'events show': EVENTS,
  'events why': EVENTS,
  'events redrive': EVENTS,
};

/** What -o may say of nearly every command. */
const FORMATS = 'json yaml';
const namesOf = (kind: string): string => `ebb get ${kind} -o name 2>/dev/null | sed 's|.*/||'`;
/** A flag in a case of a shell script, with its short form. */
const patternOf = (flag: string): string => (flag === '--namespace' ? '-n|--namespace' : flag);
/** Rows of a case in a shell script. */
const cases = (rows: readonly (readonly [pattern: string, what: string])[]): string =>
  rows.map(([pattern, what]) => `    ${pattern}) ${what} ;;`).join('\n');

/** Values of flags in fish that are no names of objects. */
const FISH_VALUES: Readonly<Record<string, string>> = {
  '--output': ` -s o -x -a "${FORMATS}"`,
  '--data': ' -r',
};

const SHELLS: Readonly<Record<string, (words: readonly Words[]) => string>> = {
  bash: (words) => `_ebb() {
  local words
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
${cases(Object.entries(NAMED).map(([flag, kind]) => [patternOf(flag), `COMPREPLY=($(compgen -W "$(${namesOf(kind)})" -- "\${COMP_WORDS[COMP_CWORD]}")); return`]))}
    -o|--output) COMPREPLY=($(compgen -W "${FORMATS}" -- "\${COMP_WORDS[COMP_CWORD]}")); return ;;
    --data) COMPREPLY=(); return ;;
  esac
  case "\${COMP_WORDS[1]}" in
${words.map(({ name, flags, subcommands }) => `    ${name}) words="${[...subcommands, ...flags].join(' ')}" ;;`).join('\n')}
    *) words="${words.map(({ name }) => name).join(' ')}" ;;
  esac
  [[ "\${COMP_WORDS[COMP_CWORD]}" == -* ]] || case "\${COMP_WORDS[*]:1:COMP_CWORD-1}" in
    "get") words="${KINDS}" ;;
    "get "*) words="$(${namesOf('"${COMP_WORDS[2]}"')})" ;;
${cases(Object.entries(ARGUMENTS).map(([command, names]) => [`"${command}"*`, `words="$(${names})"`]))}
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
  case "$words[CURRENT-1]" in
${cases(Object.entries(NAMED).map(([flag, kind]) => [patternOf(flag), `compadd -- $(${namesOf(kind)}); return`]))}
    -o|--output) compadd -- ${FORMATS}; return ;;
    --data) _files -/; return ;;
  esac
  [[ "$words[CURRENT]" == -* ]] || case "\${(j: :)words[2,CURRENT-1]}" in
    "get") compadd -- ${KINDS}; return ;;
    "get "*) compadd -- $(${namesOf('"$words[3]"')}); return ;;
${cases(Object.entries(ARGUMENTS).map(([command, names]) => [`"${command}"*`, `compadd -- $(${names}); return`]))}
  esac
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
        ...flags.map((flag) => {
          const kind = NAMED[flag];
          const values = kind === undefined ? (FISH_VALUES[flag] ?? '') : ` -x -a "(${namesOf(kind)})"`;
          return `complete -c ebb -n '__fish_seen_subcommand_from ${name}' -l ${flag.slice(2)}${values}`;
        }),
      ])
      .concat(`complete -c ebb -n '__fish_seen_subcommand_from get' -a "${KINDS}"`)
      .concat(
        Object.entries(ARGUMENTS).map(
          ([command, names]) =>
            `complete -c ebb -n '__fish_seen_subcommand_from ${command.split(' ').at(-1)}' -a "(${names.replaceAll('$', '\\$')})"`,
        ),
      )
      .join('\n')
      .concat('\n'),
};
