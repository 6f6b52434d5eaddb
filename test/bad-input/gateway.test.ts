// Bytes that are no request, over raw sockets: each is refused with a clear answer, and none reaches an application.

import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { engineTransport, nodeTransport } from '#gateway/mod.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Sink } from './gateway-with-app.ts';
import { gatewayWithApp } from './gateway-with-app.ts';

interface Verdict {
  readonly answers: readonly number[];
  readonly reached?: readonly string[];
}

interface Case extends Verdict {
  readonly why: string;
  readonly send?: string;
  readonly parts?: readonly string[];
  /** Sent last. */
  readonly end?: string;
  readonly fill?: { readonly text: string; readonly times: number };
  /** Where Node's own parser sees it otherwise. */
  readonly node?: Verdict;
}

const cases = (
  await Promise.all(
    ['gateway.cases.yaml', 'gateway-smuggling.cases.yaml'].map((file) =>
      readFile(new URL(file, import.meta.url), 'utf8'),
    ),
  )
).flatMap((text) => parse(text) as Case[]);

describe.each([
  ['node', nodeTransport],
  ['engine', engineTransport],
] as const)('over %s', (transport, make) => {
  let sink: Sink;
  beforeAll(async () => {
    sink = await gatewayWithApp(make);
  });
  afterAll(() => sink.close());
  beforeEach(() => void (sink.reached.length = 0));

  /** Sends everything, and reads until the gateway closes. */
  async function converse({ send = '', parts = [send], fill, end }: Case): Promise<string> {
    const socket = connect(sink.port, '127.0.0.1');
    let seen = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => (seen += chunk));
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    for (const part of parts) await write(socket, part);
    if (fill) await write(socket, fill.text.repeat(fill.times));
    if (end) await write(socket, end);
    await closed;
    return seen;
  }

  /** Resolves once the bytes are with the kernel, and what they cause here has happened. */
  async function write(socket: Socket, text: string): Promise<void> {
    if (text) await new Promise<void>((resolve) => void socket.write(text, 'latin1', () => resolve()));
    for (let i = 0; i < 5; i++) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  describe('over a raw socket', () => {
    it.each(cases.map((one) => [one.why, one] as const))('%s', async (_, one) => {
      const seen = await converse(one);
      const expected = (transport === 'node' && one.node) || one;
      const answers = [...seen.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
      expect(answers).toEqual(expected.answers);
      expect(sink.reached).toEqual(expected.reached ?? []);
      if (expected.answers.some((status) => status >= 400)) expect(seen).toMatch(/ebb-refusal: malformed/);
    });

    it('each refusal is counted', async () => {
      const counts = await sink.gateway.control.refusals();
      expect(counts.find(({ reason }) => reason === 'malformed')?.count).toBeGreaterThan(40);
    });
  });
});
