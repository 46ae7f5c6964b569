import type { LogSignal, SpanSignal } from '@tracepost/contracts';
import { withWords } from '@tracepost/transcripts/spans';
import { lengthOf, sizeOf } from '../span-size.ts';

/** A record that is known to belong to a span. */
export type Words = LogSignal & { readonly traceId: string; readonly spanId: string };

export interface WaitingWordsOptions {
  readonly maxRecords: number;
  /** Of waiting records, and again of spans to which more may come. */
  readonly maxCharacters: number;
  readonly onDropped: (records: number, reason: 'full' | 'no_span') => void;
}

/** A model may take long to answer, and what it was asked is told before. */
const WAITS_MS = 10 * 60_000;
/** Records come a little before their span or after it, as batches are sent. */
const SPAN_WAITS_MS = 60_000;
const MOST_SPANS = 5_000;

interface Held {
  readonly key: string;
  readonly sinceMs: number;
  readonly records: Words[];
  characters: number;
}

interface Told {
  readonly span: SpanSignal;
  readonly sinceMs: number;
  readonly characters: number;
}

/**
 * What was said by a model comes in log records of their own, before its span or after it. Records wait for their span; and a span in which
 * nothing, or not all, was said yet is remembered for a moment, to be told once more with what comes.
 */
export class WaitingWords {
  readonly #options: WaitingWordsOptions;
  readonly #held = new Map<string, Held>();
  readonly #told = new Map<string, Told>();
  #count = 0;
  #characters = 0;
  #toldCharacters = 0;

  constructor(options: WaitingWordsOptions) {
    this.#options = options;
  }

  /** The span to tell once more, where it was told before; null: the record waits for it. */
  add(record: Words, { tenantId, nowMs }: { readonly tenantId: string; readonly nowMs: number }): SpanSignal | null {
    const key = keyOf(tenantId, record);
    const held = this.#held.get(key) ?? { key, sinceMs: nowMs, records: [], characters: 0 };
    const characters = charactersOf(record);
    this.#held.set(key, held);
    held.records.push(record);
    held.characters += characters;
    this.#count += 1;
    this.#characters += characters;
    this.#keepLimits(nowMs);
    const told = this.#told.get(key);
    if (told) this.#forget(key, told);
    return told?.span ?? null;
  }

  /** The span with all that is known to have been said in it. */
  joined(span: SpanSignal, tenantId: string): SpanSignal {
    const held = this.#held.get(keyOf(tenantId, span));
    if (!held) return span;
    this.#drop(held);
    return withWords(span, held.records);
  }

  /**
   * More may come for it: it said nothing by itself, or what it says came this way. False: some has come already, and it is to be told
   * once more.
   */
  remember(span: SpanSignal, { tenantId, nowMs }: { readonly tenantId: string; readonly nowMs: number }): boolean {
    const key = keyOf(tenantId, span);
    if (this.#held.has(key)) return false;
    const before = this.#told.get(key);
    if (before) this.#forget(key, before);
    const told = { span, sinceMs: nowMs, characters: sizeOf(span) };
    this.#told.set(key, told);
    this.#toldCharacters += told.characters;
    for (const [oldest, { sinceMs }] of this.#told) {
      const isOver = this.#told.size > MOST_SPANS || this.#toldCharacters > this.#options.maxCharacters;
      if (!isOver && nowMs - sinceMs <= SPAN_WAITS_MS) break;
      this.#forget(oldest, this.#told.get(oldest) as Told);
    }
    return true;
  }

  /** Forgets all; gives how many records there were. */
  clear(): number {
    const count = this.#count;
    for (const held of [...this.#held.values()]) this.#drop(held);
    this.#told.clear();
    this.#toldCharacters = 0;
    return count;
  }

  #keepLimits(nowMs: number): void {
    const { maxRecords, maxCharacters, onDropped } = this.#options;
    for (const held of this.#held.values()) {
      const isFull = this.#count > maxRecords || this.#characters > maxCharacters;
      if (!isFull && nowMs - held.sinceMs <= WAITS_MS) break;
      this.#drop(held);
      onDropped(held.records.length, isFull ? 'full' : 'no_span');
    }
  }

  #drop(held: Held): void {
    this.#held.delete(held.key);
    this.#count -= held.records.length;
    this.#characters -= held.characters;
  }

  #forget(key: string, { characters }: Told): void {
    this.#told.delete(key);
    this.#toldCharacters -= characters;
  }
}

function keyOf(tenantId: string, { traceId, spanId }: { readonly traceId: string; readonly spanId: string }): string {
  return `${tenantId} ${traceId} ${spanId}`;
}

function charactersOf({ attributes, body }: LogSignal): number {
  let size = 500 + lengthOf(body);
  for (const name in attributes) size += lengthOf(attributes[name]);
  return size;
}
