import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EntriesById } from './entries-by-id.ts';
import { inOrder } from './order.ts';

interface Entry {
  readonly id: string;
  readonly atMs: number | null;
  readonly sequence: number;
  readonly text: string;
}

const KIND = { idOf: ({ id }: Entry) => id, rest: (entry: Entry) => entry };

describe('entries by id', () => {
  it('are the same, however many of them are held unpacked', () => {
    fc.assert(
      fc.property(fc.nat(6), fc.array(anyEntry, { maxLength: 60 }), (unpacked, told) => {
        const entries = new EntriesById(KIND, unpacked);
        const expected = new Map<string, Entry>();
        for (const entry of told) {
          const before = entries.get(entry.id);
          expect(before).toEqual(expected.get(entry.id));
          const joined = { ...entry, text: (before?.text ?? '') + entry.text };
          entries.set(entry.id, joined);
          expected.set(entry.id, joined);
          expect(entries.size).toBe(expected.size);
        }
        expect(new Set(entries.all())).toEqual(new Set(expected.values()));
        const ordered = inOrder(expected.values(), KIND.idOf);
        expect([...entries.list((entry) => entry)]).toEqual(ordered);
        const marked = (entry: Entry): Entry => ({ ...entry, text: `${entry.text}!` });
        expect([...entries.list(marked)]).toEqual(ordered.map(marked));
        // What was only listed can still be asked for.
        for (const [id, entry] of expected) expect(entries.get(id)).toEqual(entry);
      }),
    );
  });

  it('of a session of very many are found again and put in order, and the others are not found', () => {
    const entries = new EntriesById(KIND, 100);
    const count = 20_000;
    const entryOf = (at: number, text: string): Entry => ({
      id: `entry-${at}`,
      atMs: (at * 7919) % count,
      sequence: 0,
      text,
    });
    const found = { before: 0, again: 0 };
    for (let at = 0; at < count; at++) {
      if (entries.get(`entry-${at}`)) found.before++;
      entries.set(`entry-${at}`, entryOf(at, 'x'));
    }
    // Told once more from the beginning, as in a file that begins with a copy of another.
    for (let at = 0; at < count; at++) {
      if (entries.get(`entry-${at}`)?.text === 'x') found.again++;
      entries.set(`entry-${at}`, entryOf(at, 'y'));
    }
    expect(found).toEqual({ before: 0, again: count });
    expect(entries.size).toBe(count);
    const list = entries.list((entry) => entry);
    expect(list.every(({ atMs, text }, at) => atMs === at && text === 'y')).toBe(true);
    expect(list).toHaveLength(count);
  });
});

const anyEntry = fc.record({
  id: fc.constantFrom(...Array.from({ length: 20 }, (_, at) => `id-${at}`)),
  atMs: fc.option(fc.nat(5)),
  sequence: fc.nat(3),
  text: fc.string({ unit: 'binary', maxLength: 4 }),
});
