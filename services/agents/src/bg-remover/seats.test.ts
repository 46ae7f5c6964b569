import { describe, expect, it } from 'vitest';
import { createSeats, type NoSeat, type Seat } from './seats.ts';

const never = new AbortController().signal;

describe('seats', () => {
  it('are given in the order of asking, each to one holder', async () => {
    const seats = createSeats(['a'], 2);
    const order: number[] = [];
    const holders = [1, 2, 3].map(async (number) => {
      const seat = seatOf(await seats.take(never));
      order.push(number);
      seat.giveBack();
    });
    await Promise.all(holders);
    expect(order).toEqual([1, 2, 3]);
  });

  it('that are given back twice do not become two', async () => {
    const seats = createSeats(['a'], 0);
    const seat = seatOf(await seats.take(never));
    seat.giveBack();
    seat.giveBack();
    seatOf(await seats.take(never));
    expect(await seats.take(never)).toBe('busy');
  });

  it('are not kept for who gave up waiting', async () => {
    const seats = createSeats(['a'], 1);
    const seat = seatOf(await seats.take(never));
    const controller = new AbortController();
    const waiting = seats.take(controller.signal);
    controller.abort();
    expect(await waiting).toBe('aborted');
    seat.giveBack();
    expect(seatOf(await seats.take(never)).item).toBe('a');
  });

  it('send away who waits when they close, and end the items when the last holder has left', async () => {
    const seats = createSeats(['a', 'b'], 1);
    const first = seatOf(await seats.take(never));
    const second = seatOf(await seats.take(never));
    const waiting = seats.take(never);
    const ended: string[] = [];
    const end = async (item: string): Promise<void> => {
      ended.push(item);
    };
    const closed = Promise.all([seats.close(end), seats.close(end)]);
    expect(await waiting).toBe('closed');
    first.giveBack();
    expect(ended).toEqual([]);
    second.giveBack();
    await closed;
    expect(ended.sort()).toEqual(['a', 'b']);
    expect(await seats.take(never)).toBe('closed');
  });
});

function seatOf<T>(seat: Seat<T> | NoSeat): Seat<T> {
  if (typeof seat === 'string') throw new Error(`expected a seat, got ${seat}`);
  return seat;
}
