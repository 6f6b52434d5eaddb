// The log port: a constant message and the fields that vary, by a named logger whose level may change at any time.

import type { Clock } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';

/** What varies between two lines with the same message. An Error becomes its message and, at level error, its stack. */
export type LogFields = Readonly<Record<string, unknown>>;

/** In rising order of weight. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Fields that Knative's logs name so, too: by them lines of several parts are found together. */
export const KEY_FIELD = 'knative.dev/key';
export const CONTROLLER_FIELD = 'knative.dev/controller';
export const TRACE_FIELD = 'knative.dev/traceid';

/** Takes lines. The message is a constant of the code, so that lines can be counted; what varies goes into the fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with fields that every line carries. */
  with(fields: LogFields): Logger;
  /** The log of a part of the platform, which has a level of its own (`loglevel.NAME` in config-logging). */
  named(name: string): Logger;
}

/** Where lines go; a writable stream fits. */
export interface LineSink {
  write(line: string): unknown;
}

/** The levels below which lines are left out. */
export class LogLevels {
  readonly #usual: LogLevel;
  #set: Readonly<Record<string, LogLevel>> = {};

  /** `usual` holds where nothing else is said. */
  constructor(usual: LogLevel = 'info') {
    this.#usual = usual;
  }

  /** By logger's name; `''` for all that are not named. */
  set(levels: Readonly<Record<string, LogLevel>>): void {
    this.#set = levels;
  }

  allows(level: LogLevel, name: string): boolean {
    const floor = this.#set[name] ?? this.#set[''] ?? this.#usual;
    return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(floor);
  }
}

/** One line, before it is text. */
export interface LogLine {
  readonly level: LogLevel;
  /** Wall milliseconds. */
  readonly at: number;
  readonly logger: string;
  readonly message: string;
  /** Ready to be printed. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface LineLogOptions {
  readonly to: LineSink;
  readonly clock: Clock;
  readonly levels?: LogLevels;
  /** `jsonLine` unless told. */
  readonly format?: (line: LogLine) => string;
}

/** A log that writes a line for each entry. */
export function lineLog({ to, clock, levels = new LogLevels(), format = jsonLine }: LineLogOptions): Logger {
  const make = (logger: string, common: LogFields): Logger => {
    const line =
      (level: LogLevel) =>
      (message: string, fields: LogFields = {}) => {
        if (!levels.allows(level, logger)) return;
        const all = { ...printable(common, level), ...printable(fields, level) };
        to.write(`${format({ level, at: clock.now(), logger, message, fields: all })}\n`);
      };
    return {
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
      with: (fields) => make(logger, { ...common, ...fields }),
      named: (name) => make(name, common),
    };
  };
  return make('', {});
}

const SEVERITIES = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' } as const;

/** As the logs of Knative's own components: severity, timestamp, logger, message, then the fields. */
export function jsonLine({ level, at, logger, message, fields }: LogLine): string {
  const timestamp = new Date(at).toISOString();
  return JSON.stringify({ severity: SEVERITIES[level], timestamp, ...(logger ? { logger } : {}), message, ...fields });
}

/** For a person at a terminal. */
export function textLine({ level, at, logger, message, fields }: LogLine): string {
  const time = new Date(at).toISOString().slice(11, 23);
  const said = Object.entries(fields).map(([name, value]) => `${name}=${plain(value)}`);
  return [time, level.toUpperCase().padEnd(5), logger ? `${logger}:` : 'ebb:', message, ...said].join(' ');
}

/** Text without blanks as it is, anything else as JSON. */
function plain(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : (JSON.stringify(value) ?? String(value));
}

/** A log that nobody reads. */
export const silentLog: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLog,
  named: () => silentLog,
};

function printable(fields: LogFields, level: LogLevel): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'bigint') out[name] = String(value);
    else if (!(value instanceof Error)) out[name] = value;
    else {
      out[name] = messageOf(value);
      if (level === 'error') out[name === 'error' ? 'stacktrace' : `${name}Stacktrace`] = value.stack;
    }
  }
  return out;
}
