// Bodies as they come in: whole, in pieces, too large, broken off.

import { describe, expect, test } from 'vitest';
import {
  EventsWorld,
  broker,
  BROKER_HOST,
  eventHeaders,
  REQUEST_HOST,
  requestReply,
  streamOf,
} from '../events.fixture.ts';
import type { BodyLimits } from './bodies.ts';
import type { IngressExchange } from './serve.ts';
import { serveIngress } from './serve.ts';

const limits: BodyLimits = { bodyBytes: 100, heldBytes: 250 };

class FakeExchange implements IngressExchange {
  readonly method = 'POST';
  readonly target: string;
  readonly scheme = 'http';
  readonly authority: string;
  readonly headers: readonly string[] = Object.entries(eventHeaders({})).flat();
  readonly bodyLength: number | undefined;
  sink: Parameters<IngressExchange['body']['start']>[0] | undefined;
  status = 0;
  text = '';
  isOver = false;
  /** The client goes away. */
  close = () => {};
  readonly body = { start: (sink: NonNullable<FakeExchange['sink']>) => void (this.sink = sink) };

  constructor(bodyLength?: number, authority = `${BROKER_HOST}:80`, target = '/ns/b') {
    this.target = target;
    this.bodyLength = bodyLength;
    this.authority = authority;
  }

  respond({ status }: { readonly status: number }, ends: boolean): void {
    expect(this.status).toBe(0);
    this.status = status;
    this.isOver = ends;
  }

  write(chunk: Uint8Array): boolean {
    this.text += Buffer.from(chunk).toString();
    return true;
  }

  onClosed(run: () => void): void {
    this.close = run;
  }

  end(): void {
    expect(this.isOver).toBe(false);
    this.isOver = true;
  }
}

async function served(): Promise<{ world: EventsWorld; serve: (exchange: IngressExchange) => boolean }> {
  const world = new EventsWorld();
  await world.events.setStream('ns/b', streamOf({}, { addresses: [broker, requestReply] }));
  return { world, serve: serveIngress(world.events.ingress, limits) };
}

describe('a body', () => {
  test('in pieces is one event', async () => {
    const { world, serve } = await served();
    const exchange = new FakeExchange();
    expect(serve(exchange)).toBe(true);
    for (const piece of ['{"a"', ':1', '}']) exchange.sink?.data(Buffer.from(piece));
    exchange.sink?.end();
    await world.clock.advance(0);
    expect([exchange.status, exchange.isOver]).toEqual([202, true]);
  });

  test.each([
    ['told beforehand', 101, []],
    ['not told', undefined, [60, 60]],
  ])('that is too large, %s, is refused once', async (_, length, pieces) => {
    const { world, serve } = await served();
    const exchange = new FakeExchange(length);
    serve(exchange);
    for (const size of pieces) exchange.sink?.data(Buffer.alloc(size));
    exchange.sink?.data(Buffer.alloc(60));
    exchange.sink?.end();
    await world.clock.advance(0);
    expect([exchange.status, exchange.text]).toEqual([
      413,
      'the event is larger than is taken: it may have 100 bytes\n',
    ]);
  });

  test('that is broken off is no event', async () => {
    const { world, serve } = await served();
    const exchange = new FakeExchange();
    serve(exchange);
    exchange.sink?.data(Buffer.from('{'));
    exchange.sink?.failed(new Error('gone'));
    await world.clock.advance(0);
    expect([exchange.status, exchange.text]).toEqual([400, 'the body was broken off\n']);
  });

  test('is refused where too much is held already, until that is on the log', async () => {
    const { world, serve } = await served();
    const held = Array.from({ length: 2 }, () => new FakeExchange());
    for (const exchange of held) {
      serve(exchange);
      exchange.sink?.data(Buffer.alloc(90));
    }
    const [told, untold] = [new FakeExchange(90), new FakeExchange()];
    serve(told);
    serve(untold);
    untold.sink?.data(Buffer.alloc(90));
    expect([told.status, untold.status]).toEqual([429, 429]);
    for (const exchange of held) exchange.sink?.end();
    await world.clock.advance(0);
    const later = new FakeExchange(90);
    serve(later);
    later.sink?.data(Buffer.alloc(90));
    later.sink?.end();
    await world.clock.advance(0);
    expect([...held, later].map(({ status }) => status)).toEqual([202, 202, 202]);
  });
});

describe('a request that waits for its reply', () => {
  const asks = (serve: (exchange: IngressExchange) => boolean): FakeExchange => {
    const exchange = new FakeExchange(90, REQUEST_HOST, '/ns/rr');
    serve(exchange);
    exchange.sink?.data(Buffer.alloc(90));
    exchange.sink?.end();
    return exchange;
  };

  test('holds no body meanwhile', async () => {
    const { world, serve } = await served();
    for (let i = 0; i < 4; i++) {
      const exchange = asks(serve);
      await world.clock.advance(0);
      expect(exchange.status).toBe(0);
    }
  });

  test('is forgotten where its client goes away', async () => {
    const { world, serve } = await served();
    const exchange = asks(serve);
    await world.clock.advance(0);
    exchange.close();
    await world.clock.advance(60_000);
    expect(exchange.status).toBe(0);
  });

  test('is told where none comes', async () => {
    const { world, serve } = await served();
    const exchange = asks(serve);
    await world.clock.advance(31_000);
    expect([exchange.status, exchange.isOver]).toEqual([504, true]);
  });
});

test('an exchange of another host is not touched', async () => {
  const { serve } = await served();
  const exchange = new FakeExchange(0, 'fn.ns.svc.cluster.local');
  expect([serve(exchange), exchange.status]).toEqual([false, 0]);
});
