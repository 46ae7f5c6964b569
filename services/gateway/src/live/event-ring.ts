import type { TaskEvent } from '@tracepost/contracts';
import { randomHex } from '@tracepost/telemetry';

/** What this gateway has heard lately, in its order, so that a client that was away for a moment goes on without a gap. */
export interface EventRing {
  /** Events that come again (a cancel is told by its gateway and by the broker) are left out. */
  push(event: TaskEvent, bytes: number): void;
  /** Events may have been missed: whoever follows shall know. */
  interrupt(reason: GapReason): void;
  /** Where a client goes on whose last event was `lastEventId`; without one, now. */
  resume(lastEventId: string | undefined): Resumption;
  /** Calls back at every entry; the returned function ends it. */
  subscribe(onEntry: (entry: RingEntry) => void): () => void;
  /** The id of the newest entry: whoever has been told it has missed nothing before. */
  newestId(): string;
}

/**
 * `too_old`: more has happened since than is remembered. `other_gateway`: the id is of another gateway, or of this one before its
 * restart. `unknown_id`: it was never an id here. `feed_interrupted`: this gateway was cut off from the broker.
 */
export type GapReason = 'too_old' | 'other_gateway' | 'unknown_id' | 'feed_interrupted';

export type RingEntry =
  | { readonly id: string; readonly event: TaskEvent; readonly gap?: undefined }
  | { readonly id: string; readonly gap: GapReason; readonly event?: undefined };

export interface Resumption {
  /** Null when nothing was missed. */
  readonly gap: GapReason | null;
  /** What has happened since, oldest first. */
  readonly entries: readonly RingEntry[];
}

const MAX_ENTRIES = 5_000;
const MAX_BYTES = 16 * 1024 * 1024;

export function createEventRing({
  maxEntries = MAX_ENTRIES,
  maxBytes = MAX_BYTES,
  bootId = randomHex(8),
}: {
  readonly maxEntries?: number;
  readonly maxBytes?: number;
  /** Tells this gateway, and this start of it, from all others. */
  readonly bootId?: string;
} = {}): EventRing {
  // A hot path: every event of the gateway passes here, and mostly nobody follows. Slots are used round about.
  const slots = new Array<Slot | undefined>(maxEntries);
  const known = new Set<string>();
  const listeners = new Set<(entry: RingEntry) => void>();
  let oldest = 1;
  let next = 1;
  let totalBytes = 0;

  const idOf = (sequence: number): string => `${bootId}-${sequence}`;
  const describe = (sequence: number, { event, gap }: Slot): RingEntry =>
    event ? { id: idOf(sequence), event } : { id: idOf(sequence), gap: gap ?? 'feed_interrupted' };
  const dropOldest = (): void => {
    const slot = slots[oldest % maxEntries];
    slots[oldest % maxEntries] = undefined;
    oldest++;
    if (!slot) return;
    totalBytes -= slot.bytes;
    if (slot.event) known.delete(slot.event.eventId);
  };
  const add = (slot: Slot): void => {
    if (next - oldest === maxEntries) dropOldest();
    const sequence = next++;
    slots[sequence % maxEntries] = slot;
    totalBytes += slot.bytes;
    while (totalBytes > maxBytes && next - oldest > 1) dropOldest();
    if (listeners.size === 0) return;
    const entry = describe(sequence, slot);
    for (const onEntry of listeners) onEntry(entry);
  };
  const since = (sequence: number): RingEntry[] => {
    const entries: RingEntry[] = [];
    for (let at = Math.max(sequence + 1, oldest); at < next; at++) {
      const slot = slots[at % maxEntries];
      if (slot) entries.push(describe(at, slot));
    }
    return entries;
  };

  return {
    push(event, bytes) {
      // All steps on the way of one attempt have the same id.
      if (event.kind !== 'progress') {
        if (known.has(event.eventId)) return;
        known.add(event.eventId);
      }
      add({ event, gap: undefined, bytes });
    },
    interrupt(reason) {
      add({ event: undefined, gap: reason, bytes: 0 });
    },
    resume(lastEventId) {
      if (lastEventId === undefined || lastEventId === '') return { gap: null, entries: [] };
      const [, boot, digits] = /^([0-9a-f]{16})-(\d{1,15})$/.exec(lastEventId) ?? [];
      if (boot === undefined) return { gap: 'unknown_id', entries: [] };
      const sequence = Number(digits);
      if (boot !== bootId) return { gap: 'other_gateway', entries: [] };
      if (sequence >= next) return { gap: 'unknown_id', entries: [] };
      // What is still remembered is told after the gap.
      return { gap: sequence + 1 < oldest ? 'too_old' : null, entries: since(sequence) };
    },
    subscribe(onEntry) {
      listeners.add(onEntry);
      return () => {
        listeners.delete(onEntry);
      };
    },
    newestId: () => idOf(next - 1),
  };
}

interface Slot {
  readonly event: TaskEvent | undefined;
  readonly gap: GapReason | undefined;
  readonly bytes: number;
}
