// The two ends of the link, with a gateway behind it and with one that only writes down what it hears.

import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#base/mod.ts';
import { createMetrics, silentLog } from '#telemetry/mod.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { GatewayControl, IngressRules, Target, TargetReport } from './control.ts';
import { appHere, ask, ingressTo, targetOf } from './gateway.fixture.ts';
import type { LinkedControl } from './link.ts';
import { connectControl } from './link-client.ts';
import { serveControl } from './link-server.ts';
import { runDataProcess } from './process.ts';

let folder = '';
let path = '';
const closers: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-link-'));
  path = join(folder, 'control.sock');
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await rm(folder, { recursive: true });
});

const address = { http: { host: '127.0.0.1', port: 1 } };

/** A control that keeps what it was told. */
class Recorder implements GatewayControl {
  readonly ingresses = new Map<string, IngressRules>();
  readonly targets = new Map<string, Target>();
  report: (reports: readonly TargetReport[]) => void = () => {};
  wake: (target: string) => void = () => {};
  drained = Promise.withResolvers<{ left: number }>();

  async setIngress(key: string, rules: IngressRules | undefined): Promise<void> {
    if (key === 'bad' && rules) throw new Error('the key does not fit its certificate');
    if (rules) this.ingresses.set(key, rules);
    else this.ingresses.delete(key);
  }
  async setTarget(key: string, target: Target | undefined): Promise<void> {
    if (target) this.targets.set(key, target);
    else this.targets.delete(key);
  }
  drain(): Promise<{ left: number }> {
    return this.drained.promise;
  }
  onReport(listen: (reports: readonly TargetReport[]) => void): () => void {
    this.report = listen;
    return () => {};
  }
  onWake(listen: (target: string) => void): () => void {
    this.wake = listen;
    return () => {};
  }
  async refusals() {
    return [{ target: 't', reason: 'timeout', count: 2, lastAt: 5 }];
  }
}

async function dataEnd(control: GatewayControl, metrics = createMetrics()) {
  const end = await serveControl(path, control, { address, log: silentLog, metrics });
  closers.push(() => end.close());
  return end;
}

function controlEnd(): LinkedControl {
  const link = connectControl(path, { clock: systemClock, log: silentLog });
  closers.push(() => link.close());
  return link;
}

function connection(link: LinkedControl, wanted: boolean): Promise<void> {
  return new Promise((resolve) => {
    if (link.connected === wanted) return resolve();
    const stop = link.onConnection((connected) => {
      if (connected !== wanted) return;
      stop();
      resolve();
    });
  });
}

describe('the link', () => {
  it('carries changes, and tells the address', async () => {
    const recorder = new Recorder();
    await dataEnd(recorder);
    const link = controlEnd();
    const target = targetOf([]);
    await link.setTarget('t', target);
    await link.setIngress('i', ingressTo('hello.test', 't'));
    expect([recorder.targets.get('t'), recorder.ingresses.get('i')]).toEqual([target, ingressTo('hello.test', 't')]);
    await link.setIngress('i', undefined);
    expect(recorder.ingresses.size).toBe(0);
    expect(await link.address()).toEqual(address);
    expect(await link.refusals()).toEqual([{ target: 't', reason: 'timeout', count: 2, lastAt: 5 }]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('tells that the platform stops, also to a data process that comes anew', async () => {
    const heard: string[] = [];
    const listen = async () => {
      const end = await serveControl(path, new Recorder(), {
        address,
        log: silentLog,
        metrics: createMetrics(),
        onTold: () => heard.push('told'),
        onRest: () => heard.push('rest'),
      });
      closers.push(() => end.close());
      return end;
    };
    const end = await listen();
    const link = controlEnd();
    await link.setTarget('t', targetOf([]));
    await link.rest();
    expect(heard).toEqual(['told', 'rest']);
    await end.close();
    await connection(link, false);
    await link.rest();
    await listen();
    await link.setTarget('u', targetOf([]));
    expect(heard).toEqual(['told', 'rest']);
  });

  it('says the whole state anew to a data process that comes later, and what is stale goes', async () => {
    const link = controlEnd();
    const told = link.setTarget('t', targetOf([]));
    const gone = link.setTarget('gone', targetOf([]));
    void link.setTarget('gone', undefined);
    const recorder = new Recorder();
    const end = await dataEnd(recorder);
    await Promise.all([told, gone]);
    expect([...recorder.targets.keys()]).toEqual(['t']);

    await end.close();
    await connection(link, false);
    const both = [link.setIngress('i', ingressTo('hello.test', 't')), link.setTarget('t', undefined)];
    await dataEnd(recorder);
    await Promise.all(both);
    expect([...recorder.ingresses.keys()]).toEqual(['i']);
  });

  it('forgets for a control process that comes anew what the one before had told', async () => {
    const recorder = new Recorder();
    await dataEnd(recorder);
    const first = controlEnd();
    await first.setTarget('old', targetOf([]));
    await first.setIngress('old', ingressTo('hello.test', 'old'));
    await first.close();
    expect(recorder.targets.size).toBe(1);
    const second = controlEnd();
    await second.setTarget('new', targetOf([]));
    expect([[...recorder.targets.keys()], recorder.ingresses.size]).toEqual([['new'], 0]);
  });

  it('leaves in force what an earlier control process told until the new one has told everything', async () => {
    const recorder = new Recorder();
    await dataEnd(recorder);
    const first = controlEnd();
    await first.setTarget('kept', targetOf([]));
    await first.setTarget('stale', targetOf([]));
    await first.setIngress('stale', ingressTo('hello.test', 'stale'));
    await first.close();
    const everything = Promise.withResolvers<void>();
    const second = connectControl(path, { clock: systemClock, log: silentLog, allTold: everything.promise });
    closers.push(() => second.close());
    await second.setTarget('kept', targetOf([], { concurrency: 7 }));
    expect([...recorder.targets.keys(), ...recorder.ingresses.keys()]).toEqual(['kept', 'stale', 'stale']);
    everything.resolve();
    await everything.promise;
    await second.setTarget('new', targetOf([]));
    expect([...recorder.targets.keys(), ...recorder.ingresses.keys()]).toEqual(['kept', 'new']);
    expect(recorder.targets.get('kept')?.concurrency).toBe(7);
  });

  it('refuses a change that the gateway refuses, told at once or by a reset', async () => {
    const early = controlEnd();
    const first = early.setIngress('bad', ingressTo('hello.test', 't'));
    const refused = expect(first).rejects.toThrow('the key does not fit its certificate');
    await dataEnd(new Recorder());
    await refused;
    await expect(early.setIngress('bad', ingressTo('hello.test', 't'))).rejects.toThrow(
      'the key does not fit its certificate',
    );
    await early.setTarget('good', targetOf([]));
  });

  it('brings reports and wakes up', async () => {
    const recorder = new Recorder();
    await dataEnd(recorder);
    const link = controlEnd();
    const report = new Promise((resolve) => link.onReport(resolve));
    const wake = new Promise((resolve) => link.onWake(resolve));
    await link.setTarget('t', targetOf([]));
    const reports = [{ target: 't', concurrency: 1.5, requests: 3, waiting: 1, inFlight: 1 }];
    recorder.report(reports);
    recorder.wake('t');
    expect([await report, await wake]).toEqual([reports, 't']);
  });

  it('does not let a drain hold up other changes, and ends it when the data process goes', async () => {
    const recorder = new Recorder();
    const end = await dataEnd(recorder);
    const link = controlEnd();
    const endpoint = { id: 'e', host: '127.0.0.1', port: 1, state: 'ready' as const };
    await link.setTarget('t', targetOf([endpoint]));
    const drained = link.drain('e', 60_000);
    await link.setTarget('other', targetOf([]));
    await end.close();
    expect(await drained).toEqual({ left: 0 });
    const later = new Recorder();
    await dataEnd(later);
    await link.setTarget('another', targetOf([]));
    expect(later.targets.get('t')?.endpoints).toEqual([{ ...endpoint, state: 'draining' }]);
  });

  it('shows whether it stands, and how often it broke', async () => {
    const metrics = createMetrics();
    await dataEnd(new Recorder(), metrics);
    const read = () => metrics.families().map(({ name, samples }) => [name, samples[0]?.value]);
    expect(read()).toContainEqual(['kn.activator.stats.conn.reachable', 0]);
    const link = controlEnd();
    await link.setTarget('t', targetOf([]));
    expect(read()).toContainEqual(['kn.activator.stats.conn.reachable', 1]);
    await link.close();
    await vi.waitFor(() => expect(read()).toContainEqual(['kn.activator.stats.conn.errors', 1]));
    expect(read()).toContainEqual(['kn.activator.stats.conn.reachable', 0]);
  });

  it('takes over the socket of a process that died, but not of one that lives', async () => {
    const end = await dataEnd(new Recorder());
    await expect(
      serveControl(path, new Recorder(), { address, log: silentLog, metrics: createMetrics() }),
    ).rejects.toThrow('another data process listens at');
    await end.close();
    await writeFile(path, '');
    await dataEnd(new Recorder());
  });

  it('lets nobody wait for ever once it is closed', async () => {
    const link = controlEnd();
    const waiting = expect(link.setTarget('t', undefined)).rejects.toThrow('the line to the data process was closed');
    await link.close();
    await waiting;
    await expect(link.setTarget('t', undefined)).rejects.toThrow('closed');
    await expect(link.address()).rejects.toThrow('closed');
  });
});

describe('a data process', () => {
  async function dataProcess(): Promise<void> {
    const metrics = createMetrics();
    const data = await runDataProcess({
      ports: { http: 0 },
      host: '127.0.0.1',
      socketPath: path,
      log: silentLog,
      metrics,
    });
    closers.push(() => data.close(0));
  }

  it('says that there is no route only once it has been told of all', async () => {
    await dataProcess();
    const all = Promise.withResolvers<void>();
    const link = connectControl(path, { clock: systemClock, log: silentLog, allTold: all.promise });
    closers.push(() => link.close());
    const app = await appHere((_request, response) => response.end('here'));
    closers.push(() => app.close());
    await link.setTarget('t', targetOf([app.endpoint]));
    await link.setIngress('i', ingressTo('hello.test', 't'));
    const { port } = (await link.address()).http;
    const asked = async (host: string, path = '/') => {
      const { status, headers } = await ask(port, { host, path });
      return [status, headers['ebb-refusal'], headers['retry-after']];
    };
    expect(await asked('hello.test')).toEqual([200, undefined, undefined]);
    expect(await asked('later.test')).toEqual([503, 'not-told', '1']);
    expect(await asked('later.test', '/healthz')).toEqual([200, undefined, undefined]);
    all.resolve();
    await all.promise;
    await link.setIngress('j', ingressTo('later.test', 't'));
    expect(await asked('later.test')).toEqual([200, undefined, undefined]);
    expect(await asked('who.test')).toEqual([404, 'no-route', undefined]);
  });

  it('goes on serving when its control process is gone', async () => {
    await dataProcess();
    const app = await appHere((_request, response) => response.end('warm'));
    closers.push(() => app.close());
    const link = controlEnd();
    await link.setTarget('t', targetOf([app.endpoint]));
    await link.setIngress('i', ingressTo('hello.test', 't'));
    const { port } = (await link.address()).http;
    expect((await ask(port)).body).toBe('warm');
    await link.close();
    expect((await ask(port)).body).toBe('warm');
  });
});
