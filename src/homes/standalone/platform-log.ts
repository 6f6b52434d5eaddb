// The platform's own logs: into DIR/logs for who looks later, and to standard error for who looks on.

import { join } from 'node:path';
import type { Clock } from '#base/mod.ts';
import type { LineSink, Logger, LogLevel } from '#telemetry/mod.ts';
import { jsonLine, lineLog, LogLevels, textLine } from '#telemetry/mod.ts';

/** Where the platform's processes log, and write their spans where nobody looks on. */
export const logFile = (dataDir: string, what: 'platform' | 'gateway' | 'platform-spans' | 'gateway-spans'): string =>
  join(dataDir, 'logs', `${what}.log`);

export interface PlatformLogOptions {
  /** Takes each line as JSON. */
  readonly file: LineSink;
  /** Who looks on, what they see, and from which level. */
  readonly shown?: { readonly to: LineSink; readonly format: 'text' | 'json'; readonly level: LogLevel } | undefined;
  readonly clock: Clock;
}

/** The log, and the levels it goes by, which may be set at any time. */
export function platformLog({ file, shown, clock }: PlatformLogOptions): {
  readonly log: Logger;
  setLevels(levels: Readonly<Record<string, LogLevel>>): void;
} {
  const fileLevels = new LogLevels('info');
  const inFile = lineLog({ to: file, clock, levels: fileLevels });
  if (!shown) return { log: inFile, setLevels: (levels) => fileLevels.set(levels) };
  const shownLevels = new LogLevels(shown.level);
  const format = shown.format === 'json' ? jsonLine : textLine;
  return {
    log: both(inFile, lineLog({ to: shown.to, clock, levels: shownLevels, format })),
    setLevels(levels) {
      fileLevels.set(levels);
      shownLevels.set(levels);
    },
  };
}

function both(a: Logger, b: Logger): Logger {
  const line =
    (level: LogLevel): Logger[LogLevel] =>
    (message, fields) => {
      a[level](message, fields);
      b[level](message, fields);
    };
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    with: (fields) => both(a.with(fields), b.with(fields)),
    named: (name) => both(a.named(name), b.named(name)),
  };
}
