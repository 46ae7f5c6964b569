import { describe, expect, it } from 'vitest';
import { createHeaderLender } from './lent-headers.ts';

describe('headers on loan', () => {
  it('have the names and values of each message, and of no message before it', () => {
    const lend = createHeaderLender();
    const messages = [
      { traceparent: 'a', 'x-attempt': 1 },
      { traceparent: 'b', 'x-attempt': 2 },
      { traceparent: 'c' },
      {},
      { 'x-attempt': 3, traceparent: 'd' },
      { traceparent: 'e', 'x-copy': 'f' },
    ];
    for (const headers of messages) expect({ ...lend(headers) }).toEqual(headers);
  });

  it('come in the same object for messages of one kind, and leave the message its own', () => {
    const lend = createHeaderLender();
    const first = { traceparent: 'a' };
    const lent = lend(first);
    expect(lend({ traceparent: 'b' })).toBe(lent);
    expect(first).toEqual({ traceparent: 'a' });
  });

  it('stay few, whatever names foreign messages have', () => {
    const lend = createHeaderLender();
    const early = lend({ 'x-0': 0 });
    for (let kind = 1; kind <= 16; kind++) lend({ [`x-${kind}`]: kind });
    expect(lend({ 'x-0': 1 })).not.toBe(early);
  });
});
