import type { SessionDocument, SpanSignal } from '@tracepost/contracts';
import type { ReadingContext } from '../../format-reader.ts';
import { inConventions } from '../framework-words.ts';
import { documentsOf } from '../read-spans.ts';
import { readSpan, type SpanDraft } from '../span-draft.ts';
import { spanKey } from '../span-ids.ts';
import { refusedCount } from '../span-usage.ts';
import { isWords, type Words, withWords } from '../words-of-logs.ts';

/** Of one file: a few hundred megabytes at most are kept of them. */
const MOST_SPANS = 500_000;
/** Of log records that say what was said in a span. */
const MOST_RECORDS = 200_000;
const MOST_CHARACTERS = 64 * 1024 ** 2;

/** What the readers of files have in common: of each span what it says of a session is kept, and nothing else. */
export class SpanTaker {
  readonly #context: ReadingContext;
  readonly #drafts: SpanDraft[] = [];
  /** Spans of which log records, before or after them, may tell what was said. */
  readonly #quiet = new Map<string, { readonly place: number; readonly signal: SpanSignal }>();
  readonly #words = new Map<string, Words[]>();
  #records = 0;
  #characters = 0;
  #count = 0;

  constructor(context: ReadingContext) {
    this.#context = context;
  }

  /** The place of what was kept, to be told more later; null: the span says nothing, or could not be read, which is counted. */
  span(read: () => SpanSignal, entry?: number): number | null {
    this.#count += 1;
    try {
      return this.#take(read());
    } catch (error) {
      this.#context.skip(entry ?? this.#count, error instanceof Error ? error.message : String(error));
      return null;
    }
  }

  /** A log record of the same file; those of other work are passed over. */
  words(read: () => Words, entry?: number): void {
    if (this.#context.isForUsage) return;
    const log = read();
    if (!isWords(log)) return;
    this.#records += 1;
    this.#characters += JSON.stringify(log.body).length + JSON.stringify(log.attributes).length;
    if (this.#records > MOST_RECORDS || this.#characters > MOST_CHARACTERS) {
      this.#context.skip(entry ?? this.#count, 'what is said in log records is more than is read of a file');
      return;
    }
    const list = this.#words.get(spanKey(log));
    if (list) list.push(log);
    else this.#words.set(spanKey(log), [log]);
  }

  #take(signal: SpanSignal): number | null {
    const draft = readSpan(signal, this.#context.texts);
    if (draft === null) return null;
    if (this.#drafts.length >= MOST_SPANS) {
      this.#context.skip(this.#count, `only the first ${MOST_SPANS} spans of a file are read`);
      return null;
    }
    const refused = draft.call === null || draft.call.usage !== null ? null : refusedCount(inConventions(signal));
    if (refused !== null) this.#context.leaveOut(`the usage of a span cannot be, and only it is left out: ${refused}`);
    const place = this.#drafts.push(draft) - 1;
    // Without what was said, a span is small.
    const isQuiet = draft.call !== null && draft.messages.every(({ estimatedTokens }) => estimatedTokens === 0);
    if (isQuiet && !this.#context.isForUsage) this.#quiet.set(spanKey(signal), { place, signal });
    return place;
  }

  /** Many formats say whose a span is, or of which session, only after it. */
  tell(place: number, { service, sessionId }: { readonly service?: string; readonly sessionId?: string | null }): void {
    const draft = this.#drafts[place];
    if (!draft) return;
    this.#drafts[place] = {
      ...draft,
      span: service === undefined ? draft.span : { ...draft.span, service },
      sessionId: draft.sessionId ?? sessionId ?? null,
    };
  }

  #join(): void {
    for (const [key, logs] of this.#words) {
      const quiet = this.#quiet.get(key);
      const before = quiet && this.#drafts[quiet.place];
      if (!before) continue;
      const draft = readSpan(withWords(quiet.signal, logs), this.#context.texts);
      if (!draft) continue;
      const { service } = before.span;
      const sessionId = draft.sessionId ?? before.sessionId;
      this.#drafts[quiet.place] = { ...draft, span: { ...draft.span, service }, sessionId };
    }
    this.#words.clear();
    this.#quiet.clear();
  }

  finish(): SessionDocument[] {
    this.#join();
    return documentsOf(this.#drafts);
  }
}
