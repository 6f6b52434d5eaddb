import { expect, test } from 'vitest';
import { createMetrics } from '#telemetry/mod.ts';
import { openScrape, scrapeAddress } from './scrape.ts';

test.each([
  ['127.0.0.1:9091', '127.0.0.1', 9091],
  ['[::1]:9091', '::1', 9091],
  [':9091', '', 9091],
  ['localhost:0', 'localhost', 0],
])('%s is %s and %i', (endpoint, host, port) => expect(scrapeAddress(endpoint)).toEqual({ host, port }));

test.each(['9091', 'http://x:1', 'x:70000', '::1:5'])('%s is no address', (endpoint) =>
  expect(() => scrapeAddress(endpoint)).toThrow(`is host:port or [host]:port, but is "${endpoint}"`),
);

test('metrics are served there, and a port that is taken is not', async () => {
  const metrics = createMetrics();
  metrics.gauge('kn.workqueue.depth').set(1, { name: 'x' });
  // A port that was free a moment ago.
  const { createServer } = await import('node:net');
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  const endpoint = `127.0.0.1:${address.port}`;
  const open = () => openScrape(endpoint, async () => metrics.families());
  const one = await open();
  const answer = await fetch(`http://${endpoint}/metrics`);
  expect([answer.headers.get('content-type'), await answer.text()]).toEqual([
    'text/plain; version=0.0.4; charset=utf-8',
    expect.stringContaining('kn_workqueue_depth{name="x"} 1\n'),
  ]);
  expect((await fetch(`http://${endpoint}/`)).status).toBe(404);
  await expect(open()).rejects.toThrow('EADDRINUSE');
  await one.close();
  await expect(fetch(`http://${endpoint}/metrics`)).rejects.toThrow();
});
