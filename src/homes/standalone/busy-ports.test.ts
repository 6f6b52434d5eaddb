import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { pickPort } from './busy-ports.ts';

const server = createServer();
afterEach(() => void server.close());

test('a busy port is refused with its holder and the flag, or passed over where that is allowed', async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as AddressInfo;
  const wanted = { what: 'gateway', flag: '--port-gateway', port };
  await expect(pickPort(wanted, '127.0.0.1', false, new Set())).rejects.toThrow(
    new RegExp(
      `port ${port} for the gateway is taken by .* \\(process ${process.pid}\\)\\. Choose another with --port-gateway`,
    ),
  );
  const picked = await pickPort(wanted, '127.0.0.1', true, new Set([port + 1]));
  expect(picked.port).toBeGreaterThan(port + 1);
  expect(picked.notice).toMatch(`the gateway listens on ${picked.port} instead`);
});

test('0 takes any free one, and none that a connection going out could be given before it is listened on', async () => {
  const { port } = await pickPort({ what: 'API', flag: '--port-api', port: 0 }, '127.0.0.1', false, new Set());
  expect(port).toBeGreaterThanOrEqual(10_240);
  expect(port).toBeLessThan(32_768);
});

test.runIf(process.platform === 'linux')('a port that a platform holds is told by its data folder', async () => {
  const listen =
    "require('node:net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })";
  const child = spawn(process.execPath, ['-e', listen, 'data', '/some/folder', '{}']);
  try {
    const [port] = (await once(child.stdout, 'data')) as [Buffer];
    const wanted = { what: 'gateway', flag: '--port-gateway', port: Number(String(port)) };
    await expect(pickPort(wanted, '127.0.0.1', false, new Set())).rejects.toThrow(
      `is taken by the Ebb of /some/folder (process ${child.pid})`,
    );
  } finally {
    child.kill('SIGKILL');
  }
});
