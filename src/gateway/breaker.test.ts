// Who gets a slot, who waits, who is refused; counted, and never more than the limit.

import { seededRandom, VirtualClock } from '#base/mod.ts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Activator, UPGRADED_GRACE_MS } from './activator.ts';
import type { Denial, Visit } from './breaker.ts';
import { AFTER_TIMEOUT_MS, MAX_WAIT_MS } from './breaker.ts';
import type { Endpoint, Target } from './control.ts';
import type { Slot } from './slot.ts';

const endpoint = (id: string, state: Endpoint['state'] = 'ready'): Endpoint => ({
  id,
  host: '127.0.0.1',
  port: Number(id.replace(/\D/g, '') || 1),
  state,
});
const target = (ids: string[], concurrency = 0): Target => ({
  namespace: 'n',
  name: 'r',
  concurrency,
  timeoutMs: 0,
  protocol: 'http1',
  endpoints: ids.map((id) => endpoint(id)),
});

/** One request as a test sees it. */
class Guest {
  visit: Visit | undefined;
  at: string | undefined;
  denial: Denial | undefined;
  #slot: Slot | undefined;
  admitted(slot: Slot) {
    this.#slot = slot;
    this.at = slot.endpoint.id;
  }
  denied(reason: Denial) {
    this.denial = reason;
    this.visit?.leave();
  }
  tryElsewhere() {
    const failed = this.#slot;
    this.at = undefined;
    this.visit?.giveBack();
    this.visit?.ask(failed);
  }
}

function house(options: { maxWaiting?: number; maxWaitMs?: number; seed?: number } = {}) {
  const clock = new VirtualClock();
  const wakes: string[] = [];
  const gone: string[] = [];
  const activator = new Activator({
    clock,
    random: seededRandom(options.seed ?? 1),
    onWake: (key) => wakes.push(key),
    onIdleGone: ({ id }) => gone.push(id),
    ...options,
  });
  const come = () => {
    const guest = new Guest();
    guest.visit = activator.arrive('t', guest);
    guest.visit?.ask();
    return guest;
  };
  const crowd = (count: number) => Array.from({ length: count }, come);
  return { clock, wakes, gone, activator, come, crowd };
}

describe('admission', () => {
  it.each<[string, string[], number, number, (string | undefined)[]]>([
    ['no endpoint: all wait', [], 0, 2, [undefined, undefined]],
    ['unlimited: nobody waits', ['a'], 0, 3, ['a', 'a', 'a']],
    ['one at a time', ['a'], 1, 2, ['a', undefined]],
    ['a small limit fills endpoints in order', ['a', 'b'], 2, 5, ['a', 'a', 'b', 'b', undefined]],
    ['a large one goes round', ['a', 'b'], 4, 5, ['a', 'b', 'a', 'b', 'a']],
  ])('%s', (_, ids, concurrency, count, expected) => {
    const { activator, crowd } = house();
    activator.set('t', target(ids, concurrency));
    expect(crowd(count).map(({ at }) => at)).toEqual(expected);
  });

  it('takes the less busy of two where there is no limit', () => {
    const { activator, crowd } = house();
    activator.set('t', target(['a', 'b']));
    const seats = crowd(100).map(({ at }) => at);
    expect(seats.filter((at) => at === 'a')).toHaveLength(50);
  });

  it('lets in by the order of arrival, as slots come free or endpoints appear', () => {
    const { activator, crowd } = house();
    activator.set('t', target([], 1));
    const [first, second, third] = crowd(3);
    activator.set('t', target(['a'], 1));
    expect([first?.at, second?.at]).toEqual(['a', undefined]);
    first?.visit?.leave();
    expect([second?.at, third?.at]).toEqual(['a', undefined]);
    activator.set('t', target(['a'], 2));
    expect(third?.at).toBe('a');
  });

  it('does not let a newcomer overtake', () => {
    const { activator, crowd, come } = house();
    activator.set('t', target([], 1));
    const [first] = crowd(1);
    activator.set('t', { ...target(['a'], 1), endpoints: [] });
    const late = come();
    activator.set('t', target(['a'], 1));
    expect([first?.at, late.at]).toEqual(['a', undefined]);
  });

  it('refuses beyond the bound, and again has room when somebody leaves', () => {
    const { activator, crowd, come } = house({ maxWaiting: 2 });
    activator.set('t', target([]));
    const [first] = crowd(2);
    expect(come().denial).toBe('queue-full');
    first?.visit?.leave();
    expect(come().denial).toBeUndefined();
  });

  it('has a limit for waiting', async () => {
    const { activator, clock, come } = house({ maxWaitMs: 2000 });
    activator.set('t', target([]));
    const guest = come();
    await clock.advance(1999);
    expect(guest.denial).toBeUndefined();
    await clock.advance(1);
    expect(guest.denial).toBe('wait-too-long');
    expect(clock.nextDue).toBeUndefined();
  });

  it.each([
    ['none of its own', 0, MAX_WAIT_MS],
    ['a shorter one of its own', 300_000, MAX_WAIT_MS],
    ['the same', MAX_WAIT_MS, MAX_WAIT_MS + AFTER_TIMEOUT_MS],
    ['a longer one of its own', 7_200_000, 7_200_000 + AFTER_TIMEOUT_MS],
  ])('for waiting, where the target has as timeout %s', async (_, timeoutMs, endsMs) => {
    const { activator, clock, come } = house();
    activator.set('t', { ...target([]), timeoutMs });
    const guest = come();
    await clock.advance(endsMs - 1);
    expect(guest.denial).toBeUndefined();
    await clock.advance(1);
    expect(guest.denial).toBe('wait-too-long');
  });

  it('knows no target it was not told of, and refuses those who wait for one that goes', () => {
    const { activator, come } = house();
    expect(come().visit).toBeUndefined();
    activator.set('t', target([]));
    const guest = come();
    activator.set('t', undefined);
    expect(guest.denial).toBe('target-gone');
  });

  it('tries another endpoint first where one failed', () => {
    const { activator, come } = house();
    activator.set('t', target(['a', 'b'], 1));
    const guest = come();
    guest.tryElsewhere();
    expect(guest.at).toBe('b');
    activator.set('t', target(['b'], 1));
    guest.tryElsewhere();
    expect(guest.at).toBe('b');
  });
});

describe('waking', () => {
  it('happens for the first that waits, again each second, and where the last endpoint goes', () => {
    const { activator, wakes, crowd, come } = house();
    activator.set('t', target([]));
    crowd(3);
    expect(wakes).toEqual(['t']);
    activator.report();
    expect(wakes).toEqual(['t', 't']);
    activator.set('t', target(['a'], 1));
    come();
    activator.report();
    expect(wakes).toHaveLength(2);
    activator.set('t', target([], 1));
    expect(wakes).toHaveLength(3);
  });

  it('does not happen for those who wait for a slot', () => {
    const { activator, wakes, crowd } = house();
    activator.set('t', target(['a'], 1));
    crowd(5);
    activator.report();
    expect(wakes).toEqual([]);
  });
});

describe('endpoints', () => {
  it('that stay keep their count, also when they are away for a while', () => {
    const { activator, come } = house();
    activator.set('t', target(['a'], 1));
    const first = come();
    activator.set('t', target([], 1));
    activator.set('t', target(['a'], 1));
    const second = come();
    expect([first.at, second.at]).toEqual(['a', undefined]);
    first.visit?.leave();
    expect(second.at).toBe('a');
  });

  it('under an old name but at a new place begin at zero', () => {
    const { activator, come } = house();
    activator.set('t', target(['a'], 1));
    come();
    activator.set('t', { ...target([], 1), endpoints: [{ ...endpoint('a'), port: 99 }] });
    expect(come().at).toBe('a');
  });

  it('are let go once they are idle and closed', () => {
    const { activator, gone, come } = house();
    activator.set('t', target(['a', 'b'], 1));
    const guest = come();
    activator.set('t', target([], 1));
    expect(gone).toEqual(['b']);
    guest.visit?.leave();
    expect(gone).toEqual(['b', 'a']);
  });

  it('drained take nothing until the target was set without them or as draining', async () => {
    const { activator, come } = house();
    activator.set('t', target(['a'], 1));
    expect(await activator.drain('a', 10)).toEqual({ left: 0 });
    expect(come().at).toBeUndefined();
    activator.set('t', target(['a'], 1));
    expect(come().at).toBeUndefined();
    activator.set('t', { ...target([], 1), endpoints: [endpoint('a', 'draining')] });
    expect(come().at).toBeUndefined();
    const waiting = come();
    activator.set('t', target(['a'], 9));
    expect(waiting.at).toBe('a');
  });

  it('drained wait half a minute for upgraded connections, and then for nothing but requests', async () => {
    const { clock, activator, come } = house();
    activator.set('t', target(['a']));
    const [talk, request, late] = [come(), come(), come()];
    talk.visit?.switched();
    let left: number | undefined;
    void activator.drain('a', 300_000).then((result) => (left = result.left));
    await clock.advance(UPGRADED_GRACE_MS - 1);
    request.visit?.leave();
    await clock.advance(2);
    expect(left).toBeUndefined();
    late.visit?.switched();
    await clock.advance(0);
    expect(left).toBe(2);
    talk.visit?.leave();
    late.visit?.leave();
    expect(await activator.drain('a', 1)).toEqual({ left: 0 });
  });

  it('drained resolve with the last request, or say at the deadline what is left', async () => {
    const { activator, clock, crowd } = house();
    activator.set('t', target(['a']));
    const guests = crowd(2);
    const short = activator.drain('a', 100);
    const long = activator.drain('a', 1000);
    await clock.advance(100);
    expect(await short).toEqual({ left: 2 });
    for (const { visit } of guests) visit?.leave();
    expect(await long).toEqual({ left: 0 });
    expect(clock.nextDue).toBeUndefined();
  });
});

describe('reports', () => {
  it('average over time, waiting ones included, and tell once of silence', async () => {
    const { activator, clock, come } = house();
    activator.set('t', target(['a'], 1));
    expect(activator.report()).toEqual([]);
    const first = come();
    await clock.advance(250);
    const second = come();
    await clock.advance(250);
    first.visit?.leave();
    await clock.advance(500);
    expect(activator.report()).toEqual([{ target: 't', concurrency: 1.25, requests: 2, waiting: 0, inFlight: 1 }]);
    await clock.advance(1000);
    second.visit?.leave();
    expect(activator.report()).toEqual([{ target: 't', concurrency: 1, requests: 0, waiting: 0, inFlight: 0 }]);
    await clock.advance(1000);
    expect(activator.report()).toEqual([{ target: 't', concurrency: 0, requests: 0, waiting: 0, inFlight: 0 }]);
    await clock.advance(1000);
    expect(activator.report()).toEqual([]);
  });

  it('count a request that is tried twice once', async () => {
    const { activator, clock, come } = house();
    activator.set('t', target(['a', 'b'], 1));
    const guest = come();
    guest.tryElsewhere();
    await clock.advance(1000);
    expect(activator.report()).toMatchObject([{ concurrency: 1, requests: 1, inFlight: 1 }]);
    guest.visit?.leave();
    guest.visit?.leave();
    await clock.advance(1000);
    expect(activator.report()).toMatchObject([{ concurrency: 0, inFlight: 0 }]);
  });
});

describe('whatever happens', () => {
  const steps = fc.array(
    fc.oneof(
      fc.constant({ do: 'come' as const }),
      fc.record({ do: fc.constant('leave' as const), who: fc.nat() }),
      fc.record({ do: fc.constant('elsewhere' as const), who: fc.nat() }),
      fc.record({
        do: fc.constant('set' as const),
        ids: fc.subarray(['a', 'b', 'c']),
        concurrency: fc.constantFrom(1, 2, 5),
      }),
      fc.record({ do: fc.constant('drain' as const), id: fc.constantFrom('a', 'b', 'c') }),
    ),
    { maxLength: 80 },
  );

  it('no endpoint holds more than the greatest limit, nobody waits while there is room, and counts agree', () => {
    fc.assert(
      fc.property(steps, fc.integer(), (story, seed) => {
        const { activator, come } = house({ seed });
        let spec = target(['a'], 1);
        let greatest = 1;
        const drained = new Set<string>();
        const guests: Guest[] = [];
        activator.set('t', spec);
        for (const step of story) {
          if (step.do === 'come') guests.push(come());
          else if (step.do === 'set') {
            spec = target(step.ids, step.concurrency);
            greatest = Math.max(greatest, step.concurrency);
            for (const id of drained) if (!step.ids.includes(id)) drained.delete(id);
            activator.set('t', spec);
          } else if (step.do === 'drain') {
            void activator.drain(step.id, 1);
            if (spec.endpoints.some(({ id }) => id === step.id)) drained.add(step.id);
          } else {
            const guest = guests[step.who % (guests.length || 1)];
            if (step.do === 'elsewhere' && guest?.at) guest.tryElsewhere();
            if (step.do === 'leave' && guest) {
              guest.visit?.leave();
              guests.splice(guests.indexOf(guest), 1);
            }
          }
          const held = (id: string) => guests.filter(({ at }) => at === id).length;
          for (const id of ['a', 'b', 'c']) expect(held(id)).toBeLessThanOrEqual(greatest);
          const waiting = guests.filter(({ at }) => at === undefined).length;
          const open = spec.endpoints.filter(({ id }) => !drained.has(id));
          if (waiting > 0) for (const { id } of open) expect(held(id)).toBeGreaterThanOrEqual(spec.concurrency);
        }
        for (const { visit } of guests) visit?.leave();
        activator.report();
        for (const report of activator.report()) expect(report).toMatchObject({ waiting: 0, inFlight: 0 });
      }),
    );
  });
});
