// Lines and trace headers.

import { seededRandom, VirtualClock } from '#base/mod.ts';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Logger } from './mod.ts';
import {
  childContext,
  lineLog,
  LOG_LEVELS,
  LogLevels,
  makeTraceparent,
  parseTraceparent,
  silentLog,
  textLine,
} from './mod.ts';

describe('the log', () => {
  const lines: string[] = [];
  const to = { write: (line: string) => lines.push(line) };
  const clock = new VirtualClock();
  beforeEach(() => (lines.length = 0));

  it.each([
    ['a plain line', (log: Logger) => log.info('ready', { port: 1 }), { severity: 'INFO', message: 'ready', port: 1 }],
    [
      'common fields, by a part of the platform',
      (log: Logger) => log.with({ room: 'a' }).named('controller').warn('slow', { ms: 2n }),
      { severity: 'WARNING', logger: 'controller', message: 'slow', room: 'a', ms: '2' },
    ],
    [
      'errors by message, and their stack only where it matters',
      (log: Logger) => log.warn('lost', { cause: new Error('gone') }),
      { severity: 'WARNING', message: 'lost', cause: 'gone' },
    ],
    [
      'the stack of an error',
      (log: Logger) => log.error('lost', { error: new Error('gone') }),
      { severity: 'ERROR', message: 'lost', error: 'gone', stacktrace: expect.stringContaining('at ') },
    ],
  ])('as JSON: %s', (_, write, expected) => {
    write(lineLog({ to, clock }));
    expect(JSON.parse(lines.join(''))).toEqual({ timestamp: '2026-01-01T00:00:00.000Z', ...expected });
  });

  it('as text for a person', () => {
    const log = lineLog({ to, clock, format: textLine });
    log.info('gateway listens', { http: { port: 1 } });
    log.named('controller').warn('a turn failed', { 'knative.dev/key': 'default/hello', error: 'no such image' });
    expect(lines).toEqual([
      '00:00:00.000 INFO  ebb: gateway listens http={"port":1}\n',
      '00:00:00.000 WARN  controller: a turn failed knative.dev/key=default/hello error="no such image"\n',
    ]);
  });

  it('leaves out what is below the level of its logger, which may change at any time', () => {
    const levels = new LogLevels('warn');
    const log = lineLog({ to, clock, levels });
    const controller = log.named('controller');
    const said = () => {
      lines.length = 0;
      for (const one of [log, controller]) for (const level of LOG_LEVELS) one[level](level);
      return lines.map((line) => (JSON.parse(line) as { message: string }).message);
    };
    expect(said()).toEqual(['warn', 'error', 'warn', 'error']);
    levels.set({ controller: 'debug' });
    expect(said()).toEqual(['warn', 'error', 'debug', 'info', 'warn', 'error']);
    levels.set({ '': 'error', controller: 'info' });
    expect(said()).toEqual(['error', 'info', 'warn', 'error']);
    levels.set({});
    expect(said()).toEqual(['warn', 'error', 'warn', 'error']);
    silentLog.with({}).named('x').error('nobody reads this');
  });
});

describe('traceparent', () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const span = '00f067aa0ba902b7';
  it.each([
    [`00-${trace}-${span}-01`, { traceId: trace, spanId: span, sampled: true }],
    [`00-${trace}-${span}-00`, { traceId: trace, spanId: span, sampled: false }],
    [`cc-${trace}-${span}-01-more`, { traceId: trace, spanId: span, sampled: true }],
    [`00-${trace}-${span}-01-more`, undefined],
    [`ff-${trace}-${span}-01`, undefined],
    [`00-${'0'.repeat(32)}-${span}-01`, undefined],
    [`00-${trace}-${'0'.repeat(16)}-01`, undefined],
    [`00-${trace.toUpperCase()}-${span}-01`, undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s', (header, expected) => expect(parseTraceparent(header)).toEqual(expected));

  it('reads back what it makes', () => {
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), (seed, sampled) => {
        const context = { ...childContext(seededRandom(seed)), sampled };
        expect(parseTraceparent(makeTraceparent(context))).toEqual(context);
        expect(childContext(seededRandom(seed + 1), context)).toMatchObject({ traceId: context.traceId, sampled });
      }),
    );
  });
});
