import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { LogSignal, SpanSignal } from '@tracepost/contracts';
import { ATTR, type Telemetry } from '@tracepost/telemetry';
import type { SpanDraft } from '@tracepost/transcripts/documents';
import { isWords, spanKind } from '@tracepost/transcripts/spans';
import { inTime } from './in-time.ts';
import { KnownSessions } from './known-sessions.ts';
import type { SessionDesk } from './session-desk.ts';
import { type HeldTrace, WaitingSpans } from './waiting-spans.ts';
import { WaitingWords } from './waiting-words.ts';

export interface SessionGathererOptions {
  /** Asked for when the first session is to be taken, and again when that went wrong: who has no agents that tell of themselves needs none. */
  readonly openDesk: () => Promise<SessionDesk>;
  readonly telemetry: Pick<Telemetry, 'metrics' | 'logger'>;
  /** Spans that wait; 50,000. The oldest are let go past it, and counted. */
  readonly maxSpans?: number;
  /** Of their texts; 32 Mi. */
  readonly maxCharacters?: number;
  /** Log records of what was said that wait for their span; 20,000, and half as many characters as spans. Likewise. */
  readonly maxRecords?: number;
  /** A desk that nothing was brought to for so long is closed, and the next session opens another; 30 seconds. */
  readonly restAfterMs?: number;
  /** A clock in milliseconds that nobody sets. */
  readonly now?: () => number;
}

/**
 * Tells of sessions as their spans come: what speaks of models, tools or agents is gathered by trace for a moment and then brought into the
 * store of sessions, where it is united with what came before. A session is readable within five seconds of its last span.
 */
export interface SessionGatherer {
  /** Never fails and never waits; spans of other work cost a look at the names of their attributes. */
  take(spans: readonly SpanSignal[]): void;
  /** Likewise: log records that say what was said in a span, which comes before them or after them. Others are passed over. */
  takeWords(logs: readonly LogSignal[]): void;
  /** Brings in everything that waits; gives up after `timeoutMs`. */
  settle(timeoutMs?: number): Promise<void>;
  /** Settles, and counts as dropped what could not be brought in. Safe to call twice. */
  close(): Promise<void>;
}

/** How long a trace that is quiet may still go on, and how long one that never is waits at most. */
const QUIET_MS = 1_000;
const LONGEST_MS = 3_000;
/** The spans of a trace whose session nobody has named yet wait for the one that may: the outermost ends last. */
const UNNAMED_QUIET_MS = 2_500;
const LOOK_EVERY_MS = 250;
const SPANS_PER_STEP = 1_000;
const SPANS_PER_TURN = 100;
const TAKE_TIMEOUT_MS = 15_000;
const SETTLE_MS = 5_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
const MOST_FAILURES = 5;
/** An open store has threads or connections of its own. */
const REST_AFTER_MS = 30_000;

export function createSessionGatherer(options: SessionGathererOptions): SessionGatherer {
  return new Gatherer(options);
}

class Gatherer implements SessionGatherer {
  readonly #options: SessionGathererOptions;
  readonly #now: () => number;
  readonly #waiting: WaitingSpans;
  readonly #words: WaitingWords;
  readonly #known = new KnownSessions();
  readonly #timer: NodeJS.Timeout;
  readonly #stopObserving: () => void;
  readonly #closing = new AbortController();
  #opening: Promise<SessionDesk> | null = null;
  #wantedMs = 0;
  #resting: Promise<void> | null = null;
  #working: Promise<void> | null = null;
  #isSettling = false;
  #brought = 0;
  #pauseMs = 0;
  #notBeforeMs = 0;
  #closed: Promise<void> | null = null;

  constructor(options: SessionGathererOptions) {
    const { maxSpans = 50_000, maxCharacters = 32 * 1024 ** 2, telemetry, now = () => performance.now() } = options;
    const { maxRecords = 20_000 } = options;
    this.#options = options;
    this.#now = now;
    this.#waiting = new WaitingSpans({ maxSpans, maxCharacters, onDropped: (count) => this.#drop(count, 'full') });
    this.#words = new WaitingWords({
      maxRecords,
      maxCharacters: maxCharacters / 2,
      onDropped: (count, reason) => this.#dropWords(count, reason),
    });
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
    this.#stopObserving = telemetry.metrics.observe('tracepost.sessions.spans.waiting', () => [
      { value: this.#waiting.count, attributes: {} },
    ]);
  }

  take(spans: readonly SpanSignal[]): void {
    if (this.#closed) return;
    for (const span of spans) {
      try {
        this.#add(span);
      } catch (error) {
        this.#leaveOut([error], span.traceId);
      }
    }
  }

  takeWords(logs: readonly LogSignal[]): void {
    if (this.#closed) return;
    for (const log of logs) {
      try {
        if (!isWords(log)) continue;
        const { traceId, spanId } = log;
        const told = this.#words.add({ ...log, traceId, spanId }, { tenantId: tenantOf(log), nowMs: this.#now() });
        if (told) this.#add(told);
      } catch (error) {
        this.#dropWords(1, 'unreadable');
        this.#options.telemetry.logger.warn(
          { layer: 'store', result: 'error', error },
          'A log record of what a model said cannot be read, and is left out of its session',
        );
      }
    }
  }

  #add(span: SpanSignal): void {
    const kind = spanKind(span);
    if (kind === null) return;
    const hasWork = this.#waiting.add(span, { kind, tenantId: tenantOf(span), nowMs: this.#now() });
    // While it waits: what has to be loaded takes a moment, too.
    if (hasWork && !this.#opening) void this.#open().catch(() => undefined);
  }

  async settle(timeoutMs = SETTLE_MS): Promise<void> {
    this.#isSettling = true;
    this.#notBeforeMs = 0;
    const deadline = new AbortController();
    const late = sleep(timeoutMs, undefined, { signal: deadline.signal, ref: false }).catch(() => undefined);
    await Promise.race([this.#work(), late]);
    deadline.abort();
    this.#isSettling = false;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    await this.settle();
    this.#closing.abort();
    await this.#working;
    this.#drop(this.#waiting.clear(), 'stopped');
    this.#dropWords(this.#words.clear(), 'stopped');
    this.#stopObserving();
    const closing = Promise.all([this.#resting, this.#closeDesk()]);
    await inTime(closing, AbortSignal.timeout(SETTLE_MS)).catch(() => undefined);
  }

  #look(): void {
    // Before any work: to look for some counts as working, too.
    this.#restWhenUnused();
    if (this.#now() >= this.#notBeforeMs) void this.#work();
  }

  #restWhenUnused(): void {
    const { restAfterMs = REST_AFTER_MS } = this.#options;
    const isUsed = this.#working !== null || this.#waiting.count > 0 || this.#now() - this.#wantedMs < restAfterMs;
    if (isUsed || this.#opening === null || this.#resting !== null) return;
    this.#resting = this.#closeDesk().finally(() => {
      this.#resting = null;
    });
  }

  /** Whoever wants a desk from now on gets another. */
  async #closeDesk(): Promise<void> {
    const opening = this.#opening;
    this.#opening = null;
    await opening?.then((desk) => desk.close()).catch(() => undefined);
  }

  /** One at a time. */
  #work(): Promise<void> {
    this.#working ??= this.#bringIn().finally(() => {
      this.#working = null;
    });
    return this.#working;
  }

  async #bringIn(): Promise<void> {
    for (let held = this.#next(); held !== null && !this.#closing.signal.aborted; held = this.#next()) {
      // A trace of nothing but agents that were called has no session to tell of. Should it go on later, these are not told with it.
      if (!held.hasWork && !this.#known.hasTrace(held)) {
        this.#drop(held.spans.length, 'no_work');
        continue;
      }
      const began = performance.now();
      // From here on the words are a part of the span, also when it is given back.
      const { tenantId } = held;
      held = { ...held, spans: held.spans.map((span) => this.#words.joined(span, tenantId)) };
      try {
        await this.#bring(held);
        this.#pauseMs = 0;
        this.#brought += 1;
      } catch (error) {
        this.#giveBack(held, error);
        return;
      }
      // What comes in goes first: half of the time is left to others.
      if (!this.#isSettling) await sleep(Math.min(performance.now() - began, 1_000), undefined, { ref: false });
    }
  }

  #next(): HeldTrace | null {
    const nowMs = this.#now();
    return this.#waiting.takeFirst(SPANS_PER_STEP, (held) => {
      const isNamed = held.isNamed || this.#known.hasTrace(held);
      const quietMs = isNamed || held.hasRoot ? QUIET_MS : UNNAMED_QUIET_MS;
      return this.#isSettling || nowMs - held.lastMs >= quietMs || nowMs - held.firstMs >= LONGEST_MS;
    });
  }

  async #bring(held: HeldTrace): Promise<void> {
    const { documentsOf, readSpan } = await import('@tracepost/transcripts/documents');
    const drafts: SpanDraft[] = [];
    const unreadable: unknown[] = [];
    const quiet: SpanSignal[] = [];
    for (const [index, span] of held.spans.entries()) {
      if (index % SPANS_PER_TURN === SPANS_PER_TURN - 1) await nextTurn();
      try {
        const draft = readSpan(span);
        if (draft) drafts.push({ ...draft, sessionId: draft.sessionId ?? this.#known.sessionOf(held) });
        if (draft?.span.kind === 'model' && mayHaveMore(span, draft)) quiet.push(span);
      } catch (error) {
        unreadable.push(error);
      }
    }
    const documents = documentsOf(drafts, (sessionId) => this.#known.has(held.tenantId, sessionId));
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(TAKE_TIMEOUT_MS)]);
    const desk = await inTime(this.#open(), signal);
    await inTime(desk.takeDocuments(documents, { tenantId: held.tenantId, signal }), signal);
    for (const { sessionId } of documents) this.#known.add(held, sessionId);
    const about = { tenantId: held.tenantId, nowMs: this.#now() };
    for (const span of quiet) if (!this.#words.remember(span, about)) this.#add(span);
    // Not before: what is given back is read again.
    this.#leaveOut(unreadable, held.traceId);
  }

  #leaveOut(errors: readonly unknown[], traceId: string): void {
    this.#drop(errors.length, 'unreadable');
    if (errors.length === 0) return;
    this.#options.telemetry.logger.warn(
      { layer: 'store', result: 'error', traceId, error: errors[0] },
      `${errors.length} spans cannot be read, and are left out of their session`,
    );
  }

  /** Opened when it is wanted, and again when it could not be. */
  #open(): Promise<SessionDesk> {
    this.#wantedMs = this.#now();
    this.#opening ??= this.#openAndLoad().catch((error: unknown) => {
      this.#opening = null;
      throw error;
    });
    return this.#opening;
  }

  async #openAndLoad(): Promise<SessionDesk> {
    const [desk] = await Promise.all([this.#options.openDesk(), import('@tracepost/transcripts/documents')]);
    return desk;
  }

  #giveBack(held: HeldTrace, error: unknown): void {
    const failures = held.failures + 1;
    const broughtBefore = held.failures === 0 ? this.#brought : held.broughtBefore;
    this.#pauseMs = Math.min(Math.max(FIRST_PAUSE_MS, 2 * this.#pauseMs), LONGEST_PAUSE_MS);
    this.#notBeforeMs = this.#now() + this.#pauseMs;
    // Others came in meanwhile: it is not the store that cannot take this one.
    const isLost = failures >= MOST_FAILURES && this.#brought > broughtBefore;
    if (isLost) this.#drop(held.spans.length, 'failed');
    else this.#waiting.putBack({ ...held, failures, broughtBefore });
    if (this.#closing.signal.aborted) return;
    const { traceId, spans } = held;
    const follows = isLost ? 'they are not tried again' : `next try in ${this.#pauseMs} ms`;
    this.#options.telemetry.logger.warn(
      { layer: 'store', result: 'error', traceId, error },
      `${spans.length} spans cannot be told in their session; ${follows}`,
    );
  }

  #drop(count: number, reason: 'full' | 'failed' | 'stopped' | 'no_work' | 'unreadable'): void {
    if (count > 0)
      this.#options.telemetry.metrics.add('tracepost.sessions.spans.dropped', count, { 'tracepost.reason': reason });
  }

  #dropWords(count: number, reason: 'full' | 'no_span' | 'stopped' | 'unreadable'): void {
    if (count > 0)
      this.#options.telemetry.metrics.add('tracepost.sessions.words.dropped', count, { 'tracepost.reason': reason });
  }
}

/** A span that says nothing of what was said, or of which records have told some. */
function mayHaveMore({ events }: SpanSignal, { messages }: SpanDraft): boolean {
  const isSilent = messages.every(({ estimatedTokens }) => estimatedTokens === 0);
  return isSilent || events.some(({ name }) => name.startsWith('gen_ai.'));
}

function tenantOf({ attributes }: Pick<SpanSignal, 'attributes'>): string {
  const tenant = attributes[ATTR.tenantId];
  return typeof tenant === 'string' && tenant !== '' ? tenant : 'default';
}
