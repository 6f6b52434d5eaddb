import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { beforeEach, describe, expect, test } from 'vitest';
import { settle, VirtualClock } from '#base/mod.ts';
import type { Container, Probe } from '#kinds/mod.ts';
import type { ContainerHost } from './container.ts';
import { ContainerRuns, StartProblem } from './container.ts';
import type { Exit, RunningContainer } from './launcher.ts';
import type { ProbeTarget } from './probe.ts';

/** A process that does what the test says. */
class Process implements RunningContainer {
  readonly pid = 1;
  readonly record;
  readonly signals: string[] = [];
  readonly #exit = Promise.withResolvers<Exit>();
  readonly exited = this.#exit.promise;

  constructor(run: number) {
    this.record = { id: `u/c/${run}`, pid: 1, started: '1' };
  }

  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    this.signals.push(name);
  }

  exec(command: readonly string[]): Promise<number> {
    return world.exec(command);
  }

  async end(code: number, oomKilled = false): Promise<void> {
    this.#exit.resolve({ code, oomKilled });
    await settle();
  }
}

let clock: VirtualClock;
let world: {
  runs: Process[];
  events: string[];
  changes: number;
  tries: number;
  exec: (command: readonly string[]) => Promise<number>;
  start: (run: number) => Promise<RunningContainer>;
};

beforeEach(() => {
  clock = new VirtualClock();
  world = {
    runs: [],
    events: [],
    changes: 0,
    tries: 0,
    exec: () => Promise.resolve(0),
    start(run) {
      const made = new Process(run);
      world.runs.push(made);
      return Promise.resolve(made);
    },
  };
});

function runsOf(container: Partial<Container>, host: Partial<ContainerHost> = {}): ContainerRuns {
  return new ContainerRuns(
    { name: 'c', image: 'hello', ...container },
    {
      clock,
      calm: { isCrowded: false },
      restartPolicy: 'Always',
      isInit: false,
      graceMs: 30_000,
      start(_, run) {
        world.tries += 1;
        return world.start(run);
      },
      probeTarget: (running) => ({
        address: (port) => ({ host: '127.0.0.1', port }),
        exec: (command, ms) => running.exec(command, ms),
      }),
      lastWords: (_, run, { code }) => Promise.resolve(code === 0 ? '' : `words of ${run}`),
      changed: () => (world.changes += 1),
      event: (_, reason, message) => world.events.push(`${reason}: ${message}`),
      ...host,
    },
  );
}

const latest = () => world.runs.at(-1) as Process;
const probe = (more: Partial<Probe> = {}): Probe => ({ exec: { command: ['ready'] }, ...more });
const answer = (code: number) => (world.exec = () => Promise.resolve(code));

describe('a run', () => {
  test('that needs no probe is ready at once', async () => {
    const runs = runsOf({});
    expect(runs.status()).toMatchObject({ ready: false, state: { waiting: { reason: 'ContainerCreating' } } });
    await runs.begin();
    expect(runs.status()).toMatchObject({
      ready: true,
      started: true,
      restartCount: 0,
      containerID: 'ebb://u/c/0',
      state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
      lastState: {},
    });
    expect(world.events).toEqual(['Started: Started container c']);
  });

  test('waits in words until it begins', () => {
    const runs = runsOf({});
    runs.wait('ErrImagePull', 'no such image');
    runs.wait('ErrImagePull', 'no such image');
    expect(world.changes).toBe(1);
    expect(runs.status().state).toEqual({ waiting: { reason: 'ErrImagePull', message: 'no such image' } });
  });

  const ends: [string, boolean, number, 'again' | 'over'][] = [
    ['Always', false, 0, 'again'],
    ['Always', false, 5, 'again'],
    ['OnFailure', false, 0, 'over'],
    ['OnFailure', false, 5, 'again'],
    ['Never', false, 0, 'over'],
    ['Never', false, 5, 'over'],
    ['Always', true, 0, 'over'],
    ['Always', true, 5, 'again'],
    ['Never', true, 5, 'over'],
  ];
  test.each(ends)('restartPolicy %s, init %s, code %i: %s', async (restartPolicy, isInit, code, wanted) => {
    const runs = runsOf({}, { restartPolicy, isInit });
    await runs.begin();
    await latest().end(code);
    expect(runs.isOver).toBe(wanted === 'over');
    expect(runs.exitCode).toBe(wanted === 'over' ? code : undefined);
    expect(runs.status().ready).toBe(isInit && code === 0);
    await clock.advance(0);
    expect(world.runs.length).toBe(wanted === 'again' ? 2 : 1);
  });

  test.each<[number, boolean, object]>([
    [0, false, { exitCode: 0, reason: 'Completed' }],
    [7, false, { exitCode: 7, reason: 'Error', message: 'words of 0' }],
    [137, true, { exitCode: 137, reason: 'OOMKilled', message: 'words of 0' }],
  ])('code %i (out of memory: %s) is told with its last words', async (code, oomKilled, wanted) => {
    const runs = runsOf({}, { restartPolicy: 'Never' });
    await runs.begin();
    await clock.advance(3000);
    await latest().end(code, oomKilled);
    expect(runs.status().state?.terminated).toMatchObject({
      ...wanted,
      startedAt: '2026-01-01T00:00:00Z',
      finishedAt: '2026-01-01T00:00:03Z',
      containerID: 'ebb://u/c/0',
    });
  });

  test('last words that cannot be read do not keep it from ending', async () => {
    const runs = runsOf({}, { restartPolicy: 'Never', lastWords: () => Promise.reject(new Error('disk')) });
    await runs.begin();
    await latest().end(1);
    expect(runs.status().state?.terminated?.message).toBe('disk');
  });
});

describe('back-off', () => {
  test('the first time at once, then 10 s, doubling to five minutes', async () => {
    const runs = runsOf({});
    await runs.begin();
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      await latest().end(1);
      const begun = clock.now();
      waits.push((clock.nextDue ?? 0) - begun);
      await clock.advance(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
    expect(runs.status()).toMatchObject({ restartCount: 8, lastState: { terminated: { exitCode: 1 } } });
  });

  test('is told while it lasts', async () => {
    const runs = runsOf({});
    await runs.begin();
    await latest().end(1);
    await clock.advance(0);
    await latest().end(1);
    expect(runs.status().state).toEqual({
      waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s restarting failed container=c' },
    });
    expect(world.events).toContain('BackOff: Back-off restarting failed container c');
  });

  test('a run of more than ten minutes wipes the slate clean', async () => {
    const runs = runsOf({});
    await runs.begin();
    for (let i = 0; i < 3; i++) {
      await latest().end(1);
      await clock.advance(20_000);
    }
    await clock.advance(600_001);
    await latest().end(1);
    expect(clock.nextDue).toBe(clock.now());
    expect(runs.run).toBe(4);
  });
});

describe('a start that cannot be', () => {
  test('for what is missing is tried again, ever less often, and counts as no run', async () => {
    const runs = runsOf({});
    const good = world.start;
    world.start = () => Promise.reject(new StartProblem('CreateContainerConfigError', 'secret "s" not found'));
    await runs.begin();
    expect(runs.status()).toMatchObject({
      restartCount: 0,
      state: { waiting: { reason: 'CreateContainerConfigError', message: 'secret "s" not found' } },
    });
    await clock.advance(1000 + 2000 + 4000);
    expect(world.tries).toBe(4);
    world.start = good;
    await clock.advance(8000);
    expect(runs.status()).toMatchObject({ restartCount: 0, ready: true });
  });

  test.each([
    ['Always', 'waiting'],
    ['Never', 'terminated'],
  ])('for a reason of its own is a run that failed (%s)', async (restartPolicy, state) => {
    const runs = runsOf({}, { restartPolicy });
    world.start = () => Promise.reject(new Error('no such program'));
    await runs.begin();
    const terminated = { exitCode: 128, reason: 'StartError', message: 'no such program' };
    expect(runs.status()).toMatchObject(
      state === 'waiting'
        ? { state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated } }
        : { state: { terminated } },
    );
  });
});

describe('readiness', () => {
  test('is asked eagerly until the first success, then once a period', async () => {
    let asked = 0;
    world.exec = () => Promise.resolve(++asked < 4 ? 1 : 0);
    const runs = runsOf({ readinessProbe: probe({ periodSeconds: 5 }) });
    await runs.begin();
    await clock.advance(1000);
    expect([runs.isReady, asked]).toEqual([true, 4]);
    await clock.advance(10_000);
    expect(asked).toBe(6);
  });

  test('by exec is asked as often while a crowd of programs starts, by connections less often', async () => {
    const asked = async (how: Partial<Probe>, isCrowded: boolean) => {
      let tries = 0;
      const address = (port: number) => ((tries += 1), { host: '127.0.0.1', port });
      const exec = () => ((tries += 1), Promise.resolve(1));
      const runs = runsOf(
        { readinessProbe: { ...how } },
        { calm: { isCrowded }, probeTarget: () => ({ address, exec }) },
      );
      await runs.begin();
      for (let ms = 0; ms < 60; ms++) {
        await clock.advance(1);
        await new Promise((resolve) => setImmediate(resolve));
      }
      return tries;
    };
    const closed = { tcpSocket: { port: 1 } };
    const exec = { exec: { command: ['ready'] } };
    expect([await asked(exec, false), await asked(exec, true)]).toEqual([2, 2]);
    expect(await asked(closed, true)).toBeLessThan(await asked(closed, false));
  });

  interface ListenerFacts {
    /** Of its command. */
    readonly exitCode?: number;
    readonly ports?: NonNullable<Container['ports']>;
  }

  /** In a crowd. Once it is up, the system tells so; whoever asks by a connection is refused. */
  function listener(probe: Partial<Probe>, { exitCode = 1, ports = [] }: ListenerFacts = {}) {
    let [tries, isUp] = [0, false];
    const target: ProbeTarget = {
      address: (port) => ({ host: '127.0.0.1', port }),
      exec: () => ((tries += 1), Promise.resolve(exitCode)),
      isListening: () => isUp,
    };
    const runs = runsOf(
      { readinessProbe: { ...probe, periodSeconds: 1 }, ports },
      { calm: { isCrowded: true }, probeTarget: () => target },
    );
    return { runs, up: () => (isUp = true), tries: () => tries };
  }

  test('by TCP is content, in a crowd and for the first time, with what the system says of its port', async () => {
    const { runs, up } = listener({ tcpSocket: { port: 1 } });
    await runs.begin();
    await clock.advance(500);
    expect(runs.isReady).toBe(false);
    up();
    await clock.advance(50);
    expect(runs.isReady).toBe(true);
    // From then on by connections: nobody listens at port 1 of this machine.
    for (let ms = 0; ms < 5000; ms += 10) {
      await clock.advance(10);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(runs.isReady).toBe(false);
  });

  test('by a command is asked of nobody else', async () => {
    const { runs, up, tries } = listener({ exec: { command: ['ready'] } });
    up();
    await runs.begin();
    await clock.advance(100);
    expect(tries()).toBeGreaterThan(0);
    expect(runs.isReady).toBe(false);
  });

  test('by a command is content, in a crowd and for the first time, with what the system says of the user port', async () => {
    const command = { exec: { command: ['ready'] } };
    const { runs, up, tries } = listener(command, { exitCode: 0, ports: [{ name: 'user-port', containerPort: 1 }] });
    await runs.begin();
    await clock.advance(500);
    expect([tries() > 0, runs.isReady]).toEqual([true, false]);
    up();
    await clock.advance(1000);
    // Nobody listens at port 1 of this machine: a connection would have been refused.
    expect(runs.isReady).toBe(true);
  });

  test('by a command waits until the user port of a Revision is connected to as well', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const tried = async (containerPort: number, name: string) => {
      const runs = runsOf({ readinessProbe: probe(), ports: [{ name, containerPort }] });
      await runs.begin();
      for (let ms = 0; ms < 200; ms++) {
        await clock.advance(10);
        await new Promise((resolve) => setImmediate(resolve));
      }
      return runs.isReady;
    };
    // Nobody listens at port 1 of this machine.
    expect(await tried(1, 'user-port')).toBe(false);
    expect(await tried(1, 'web')).toBe(true);
    expect(await tried(port, 'user-port')).toBe(true);
    await new Promise((resolve) => server.close(resolve));
  });

  test('waits for its initial delay', async () => {
    const runs = runsOf({ readinessProbe: probe({ initialDelaySeconds: 4 }) });
    await runs.begin();
    await clock.advance(3999);
    expect(runs.isReady).toBe(false);
    await clock.advance(1);
    expect(runs.isReady).toBe(true);
  });

  test('is lost after as many failures as the threshold says, and won after as many successes', async () => {
    const runs = runsOf({ readinessProbe: probe({ periodSeconds: 1, failureThreshold: 2, successThreshold: 3 }) });
    await runs.begin();
    await clock.advance(1000);
    expect(runs.isReady).toBe(true);
    answer(1);
    await clock.advance(1000);
    expect(runs.isReady).toBe(true);
    await clock.advance(1000);
    expect(runs.isReady).toBe(false);
    expect(world.events).toContain('Unhealthy: Readiness probe failed: command "ready" ended with code 1');
    answer(0);
    await clock.advance(2000);
    expect(runs.isReady).toBe(false);
    await clock.advance(1000);
    expect(runs.isReady).toBe(true);
    expect(latest().signals).toEqual([]);
  });

  test('ends with the run', async () => {
    const runs = runsOf({ readinessProbe: probe() });
    await runs.begin();
    await clock.advance(0);
    expect(runs.isReady).toBe(true);
    answer(1);
    await latest().end(1);
    expect(runs.isReady).toBe(false);
    await clock.advance(60_000);
    expect(runs.isReady).toBe(false);
  });
});

describe('liveness', () => {
  test('kills after the threshold, and a new run begins', async () => {
    const runs = runsOf({ livenessProbe: probe({ periodSeconds: 2, failureThreshold: 3 }) });
    await runs.begin();
    answer(1);
    await clock.advance(4000);
    expect(latest().signals).toEqual(['SIGTERM']);
    expect(world.events).toContain('Killing: Container c failed liveness probe, will be restarted');
    await clock.advance(30_000);
    expect(latest().signals).toEqual(['SIGTERM', 'SIGKILL']);
    await latest().end(137);
    await clock.advance(0);
    expect(world.runs.length).toBe(2);
    expect(runs.status()).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 137 } } });
  });

  test('a success between failures begins the count anew', async () => {
    await runsOf({ livenessProbe: probe({ periodSeconds: 1, failureThreshold: 2 }) }).begin();
    let asked = 0;
    world.exec = () => Promise.resolve(asked++ % 2);
    await clock.advance(10_000);
    expect(latest().signals).toEqual([]);
  });

  test('has a grace of its own', async () => {
    await runsOf({ livenessProbe: probe({ failureThreshold: 1, terminationGracePeriodSeconds: 5 }) }).begin();
    answer(1);
    await clock.advance(5000);
    expect(latest().signals).toEqual(['SIGTERM', 'SIGKILL']);
  });
});

describe('startup', () => {
  test('holds the other probes back until it succeeds', async () => {
    const asked: string[] = [];
    let isUp = false;
    world.exec = ([command = '']) => {
      asked.push(command);
      return Promise.resolve(command === 'up' && !isUp ? 1 : 0);
    };
    const runs = runsOf({
      startupProbe: probe({ exec: { command: ['up'] }, periodSeconds: 10 }),
      readinessProbe: probe(),
      livenessProbe: probe({ exec: { command: ['live'] } }),
    });
    await runs.begin();
    await clock.advance(5000);
    expect([new Set(asked), runs.status().started, runs.isReady]).toEqual([new Set(['up']), false, false]);
    isUp = true;
    await clock.advance(1000);
    expect([runs.status().started, runs.isReady]).toEqual([true, true]);
  });

  test('kills when its time is over, counted in periods', async () => {
    await runsOf({ startupProbe: probe({ periodSeconds: 10, failureThreshold: 3 }) }).begin();
    answer(1);
    await clock.advance(19_000);
    expect(latest().signals).toEqual([]);
    await clock.advance(2000);
    expect(latest().signals).toEqual(['SIGTERM']);
  });
});

describe('hooks', () => {
  test('probes begin after postStart', async () => {
    const hook = Promise.withResolvers<number>();
    world.exec = ([command]) => (command === 'hook' ? hook.promise : Promise.resolve(0));
    const runs = runsOf({ lifecycle: { postStart: { exec: { command: ['hook'] } } } });
    await runs.begin();
    await clock.advance(1000);
    expect(runs.isReady).toBe(false);
    hook.resolve(0);
    await settle();
    expect(runs.isReady).toBe(true);
  });

  test('a postStart that fails ends the run', async () => {
    answer(1);
    const runs = runsOf({ lifecycle: { postStart: { exec: { command: ['hook'] } } } });
    await runs.begin();
    await settle();
    expect([latest().signals, runs.isReady]).toEqual([['SIGTERM'], false]);
  });

  test('preStop comes before SIGTERM and shares its grace, of which two seconds are left at least', async () => {
    world.exec = () => new Promise(() => {});
    const runs = runsOf({ lifecycle: { preStop: { exec: { command: ['drain'] } } } });
    await runs.begin();
    void runs.stop(10_000);
    await clock.advance(9999);
    expect(latest().signals).toEqual([]);
    await clock.advance(1);
    expect(latest().signals.filter((name) => name === 'SIGKILL')).toEqual([]);
    await clock.advance(2000);
    expect(latest().signals).toEqual(['SIGTERM', 'SIGKILL']);
  });
});

describe('stopping', () => {
  test('SIGTERM, then SIGKILL after the grace; no new run begins', async () => {
    const runs = runsOf({ livenessProbe: probe() });
    await runs.begin();
    let isOver = false;
    void runs.stop(5000).then(() => (isOver = true));
    expect(latest().signals).toEqual(['SIGTERM']);
    await clock.advance(5000);
    expect([latest().signals, isOver]).toEqual([['SIGTERM', 'SIGKILL'], false]);
    await latest().end(137);
    await clock.advance(600_000);
    expect([isOver, world.runs.length, clock.nextDue]).toEqual([true, 1, undefined]);
    expect(runs.status().state?.terminated?.exitCode).toBe(137);
  });

  test('can be hurried, not slowed', async () => {
    const runs = runsOf({});
    await runs.begin();
    void runs.stop(30_000);
    void runs.stop(60_000);
    void runs.stop(1000);
    await clock.advance(1000);
    expect(latest().signals).toEqual(['SIGTERM', 'SIGKILL']);
  });

  test('one that waits is over at once', async () => {
    const runs = runsOf({});
    runs.wait('ErrImagePull');
    await runs.stop(30_000);
    expect([runs.isOver, runs.status().state]).toEqual([true, { waiting: { reason: 'ContainerCreating' } }]);
  });

  test('one between two runs keeps what it said last', async () => {
    const runs = runsOf({});
    await runs.begin();
    await latest().end(3);
    await runs.stop(30_000);
    await clock.advance(600_000);
    expect([world.runs.length, runs.status().state?.terminated?.exitCode]).toEqual([1, 3]);
  });

  test('a start that is under way is waited for and killed', async () => {
    const starting = Promise.withResolvers<RunningContainer>();
    world.start = () => starting.promise;
    const runs = runsOf({});
    const begun = runs.begin();
    let isOver = false;
    void runs.stop(30_000).then(() => (isOver = true));
    const process = new Process(0);
    starting.resolve(process);
    await begun;
    expect([isOver, process.signals]).toEqual([false, ['SIGKILL']]);
    await process.end(137);
    expect(isOver).toBe(true);
  });
});

test('a run that is taken over keeps its count, its beginning and its readiness', async () => {
  answer(1);
  const runs = runsOf({ readinessProbe: probe({ periodSeconds: 1, failureThreshold: 1 }) });
  runs.resume(new Process(4), 4, clock.now() - 60_000, true);
  expect(runs.status()).toMatchObject({
    ready: true,
    restartCount: 4,
    state: { running: { startedAt: '2025-12-31T23:59:00Z' } },
  });
  await clock.advance(1000);
  expect(runs.isReady).toBe(false);
});
