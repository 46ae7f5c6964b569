import type { AttemptHistoryEntry } from '@tracepost/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAttemptHistory, writeAttemptHistory } from './attempt-history.ts';

function entry(number: number, more: Partial<AttemptHistoryEntry> = {}): AttemptHistoryEntry {
  return {
    number,
    startedAt: '2026-11-21T09:00:00.000Z',
    endedAt: '2026-11-21T09:00:01.000Z',
    workerId: 'worker-1',
    error: { code: 'tool_error', message: 'no answer' },
    ...more,
  };
}

describe('the history of attempts in a message', () => {
  it('is read as it was written', () => {
    const attempts = [entry(1), entry(2, { endedAt: null, error: null })];
    expect(readAttemptHistory({ 'x-attempts': writeAttemptHistory(attempts) })).toEqual(attempts);
  });

  it('is the last ten, and their texts are cut', () => {
    const attempts = Array.from({ length: 30 }, (_, index) =>
      entry(index + 1, { error: { code: 'e', message: 'x'.repeat(10_000) } }),
    );
    const read = readAttemptHistory({ 'x-attempts': writeAttemptHistory(attempts) });
    expect(read.map(({ number }) => number)).toEqual([21, 22, 23, 24, 25, 26, 27, 28, 29, 30]);
    expect(read.at(-1)?.error?.message).toHaveLength(400);
  });

  it('is never longer than a header is read, whatever stands in it', () => {
    const text = fc.string({ unit: 'binary', minLength: 300, maxLength: 600 });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 12 }), (errors) => {
        const attempts = errors.map(([code, message], index) => entry(index + 1, { error: { code, message } }));
        const written = writeAttemptHistory(attempts);
        expect(written.length).toBeLessThanOrEqual(8 * 1024);
        expect(readAttemptHistory({ 'x-attempts': written }).at(-1)?.number).toBe(attempts.length);
      }),
    );
  });

  it.each([
    ['nothing', undefined],
    ['something else', 7],
    ['no JSON', '[{'],
    ['no list', '{}'],
    ['a table', { number: 1 }],
    ['a list too long to be read', JSON.stringify(Array.from({ length: 1_000 }, (_, index) => entry(index + 1)))],
  ])('is empty when the header holds %s', (_what, value) => {
    expect(readAttemptHistory({ 'x-attempts': value })).toEqual([]);
  });

  it('leaves out what is no attempt', () => {
    const odd = [null, 1, {}, entry(0), entry(1.5), { ...entry(2), startedAt: 'then' }, { ...entry(3), error: 'bad' }];
    expect(readAttemptHistory({ 'x-attempts': JSON.stringify([...odd, entry(4)]) })).toEqual([entry(4)]);
  });
});
