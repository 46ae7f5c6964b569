import { setTimeout as sleep } from 'node:timers/promises';
import type { Refusal, SpanSignal } from '@tracepost/contracts';
import type { TraceWriter } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import { Recent } from '../recent.ts';
import { sizeOf } from '../span-size.ts';
import { storeWriter } from '../store-writer.ts';
import { isAmongKept, type SamplingRules, TraceFacts } from './sampling-rules.ts';

/** The reason under which what sampling left out stands in the ledger; it is no loss. */
export const SAMPLED_OUT = 'sampled_out';

export interface TraceSamplerOptions {
  readonly traces: TraceWriter;
  readonly rules: SamplingRules;
  readonly telemetry: Pick<Telemetry, 'metrics'>;
  /** Spans that may be held; past it the oldest trace is decided on early, by what is known of it. */
  readonly maxSpans: number;
  /** The same for what they say, in characters, about: large spans are fewer. */
  readonly maxCharacters: number;
  /** A clock in milliseconds that nobody sets, or what is held would wait until it is there again. */
  readonly now?: () => number;
}

/**
 * Holds the spans of a trace until it is clear what its task came to, and then writes or forgets all of them. Spans of a kept trace that come
 * later follow it. Those of one that was left out are held and decided on by themselves: another task of the trace may have begun, whose
 * failure nobody could know of. What it was given is stored, refused, left out or held, and counted as that at every instant.
 */
export interface TraceSampler {
  /** False while too many wait to be written: whoever sends should come again. */
  readonly hasRoom: boolean;
  /** Never fails and never waits. */
  take(spans: readonly SpanSignal[]): void;
  /** Decides on everything now, keeping what is undecided, and from then on lets every span through. Resolves when all is written, or after `timeoutMs`. */
  settle(timeoutMs?: number): Promise<void>;
  /** While it settles: resolves when what was taken is written. At once otherwise. */
  written(): Promise<void>;
  /** Settles, and counts as lost what could not be written. Safe to call twice. */
  close(): Promise<void>;
}

interface Held {
  readonly since: number;
  readonly spans: SpanSignal[];
  readonly facts: TraceFacts;
  characters: number;
}

/** Traces, and tasks. At least: so many again of those before. */
const REMEMBERED = 50_000;
const LOOK_EVERY_MS = 250;
const SPANS_PER_WRITE = 2_000;
const SETTLE_MS = 5_000;
const SPANS = { 'tracepost.signal': 'spans' } as const;

export function createTraceSampler(options: TraceSamplerOptions): TraceSampler {
  return new BufferingSampler(options);
}

class BufferingSampler implements TraceSampler {
  readonly #options: TraceSamplerOptions;
  readonly #maxSpans: number;
  readonly #maxCharacters: number;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  readonly #stopObserving: () => void;
  readonly #closing = new AbortController();
  /** In the order in which their first span came. */
  readonly #held = new Map<string, Held>();
  readonly #kept = new Recent<true>(REMEMBERED);
  /** Tasks of traces that were left out: what comes late of them tells of nothing that goes on. */
  readonly #ended = new Recent<true>(REMEMBERED);
  #heldSpans = 0;
  #heldCharacters = 0;
  #toWrite: SpanSignal[] = [];
  #charactersToWrite = 0;
  #writing: Promise<void> | null = null;
  #isSettling = false;

  constructor(options: TraceSamplerOptions) {
    this.#options = options;
    this.#maxSpans = options.maxSpans;
    this.#maxCharacters = options.maxCharacters;
    this.#now = options.now ?? (() => performance.now());
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
    this.#stopObserving = options.telemetry.metrics.observe('tracepost.ingest.waiting', () => [
      { value: this.#heldSpans + this.#toWrite.length, attributes: SPANS },
    ]);
  }

  get hasRoom(): boolean {
    return this.#toWrite.length < this.#maxSpans && this.#charactersToWrite < this.#maxCharacters;
  }

  take(spans: readonly SpanSignal[]): void {
    for (const span of spans) {
      if (this.#isSettling || this.#kept.get(span.traceId)) this.#keep([span], sizeOf(span));
      else this.#hold(span);
    }
    while (this.#heldSpans > this.#maxSpans || this.#heldCharacters > this.#maxCharacters) this.#decideOldest();
    this.#startWriting();
  }

  async settle(timeoutMs = SETTLE_MS): Promise<void> {
    this.#isSettling = true;
    for (const [traceId, held] of this.#held) this.#decide(traceId, held, true);
    this.#startWriting();
    await Promise.race([this.written(), sleep(timeoutMs, undefined, { ref: false })]);
  }

  async written(): Promise<void> {
    while (this.#isSettling && this.#writing) await this.#writing;
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    clearInterval(this.#timer);
    await this.settle();
    this.#closing.abort();
    this.#stopObserving();
    this.#refuse([{ signal: 'spans', reason: 'stopped', count: this.#toWrite.length }]);
    this.#toWrite = [];
    this.#charactersToWrite = 0;
  }

  #hold(span: SpanSignal): void {
    const known = this.#held.get(span.traceId);
    const held = known ?? { since: this.#now(), spans: [], facts: new TraceFacts(this.#options.rules), characters: 0 };
    if (!known) this.#held.set(span.traceId, held);
    held.spans.push(span);
    held.facts.add(span);
    const characters = sizeOf(span);
    held.characters += characters;
    this.#heldSpans += 1;
    this.#heldCharacters += characters;
    if (held.facts.isKept) this.#decide(span.traceId, held, true);
  }

  #look(): void {
    const due = this.#now() - this.#options.rules.decideAfterMs;
    for (const { since } of this.#held.values()) {
      if (since > due) break;
      this.#decideOldest();
    }
    this.#startWriting();
  }

  #decideOldest(): void {
    const [oldest] = this.#held;
    if (!oldest) return;
    const [traceId, held] = oldest;
    const isUnfinished = held.facts.unfinished.some((taskId) => !this.#ended.get(taskId));
    const isKept = isUnfinished || isAmongKept(traceId, this.#options.rules.keepPercent);
    this.#decide(traceId, held, isKept);
  }

  #decide(traceId: string, { spans, characters, facts }: Held, isKept: boolean): void {
    this.#held.delete(traceId);
    this.#heldSpans -= spans.length;
    this.#heldCharacters -= characters;
    if (isKept) {
      this.#kept.set(traceId, true);
      this.#keep(spans, characters);
    } else {
      for (const taskId of facts.ended) this.#ended.set(taskId, true);
      this.#countLeftOut(spans.length);
    }
  }

  #keep(spans: readonly SpanSignal[], characters: number): void {
    for (const span of spans) this.#toWrite.push(span);
    this.#charactersToWrite += characters;
  }

  #startWriting(): void {
    if (this.#writing || this.#toWrite.length === 0) return;
    this.#writing = this.#write().finally(() => {
      this.#writing = null;
    });
  }

  async #write(): Promise<void> {
    while (this.#toWrite.length > 0 && !this.#closing.signal.aborted) {
      const batch = this.#toWrite.slice(0, SPANS_PER_WRITE);
      const answer = await storeWriter('spans', batch, (spans) => this.#options.traces.writeSpans(spans)).write();
      if (this.#closing.signal.aborted) return;
      if (answer.status === 'later') {
        await sleep(answer.retryAfterMs, undefined, { signal: this.#closing.signal, ref: false }).catch(() => {});
        continue;
      }
      // In one turn with the counting: at every instant a span is held or counted, never both.
      this.#toWrite.splice(0, batch.length);
      this.#charactersToWrite -= batch.reduce((sum, span) => sum + sizeOf(span), 0);
      this.#refuse(answer.refused);
      const refused = answer.refused.reduce((sum, { count }) => sum + count, 0);
      this.#options.telemetry.metrics.add('tracepost.ingest.stored', batch.length - refused, SPANS);
    }
  }

  #refuse(refused: readonly Refusal[]): void {
    for (const { reason, count } of refused)
      if (count > 0)
        this.#options.telemetry.metrics.add('tracepost.ingest.refused', count, {
          ...SPANS,
          'tracepost.reason': reason,
        });
  }

  #countLeftOut(count: number): void {
    this.#refuse([{ signal: 'spans', reason: SAMPLED_OUT, count }]);
  }
}
