import { derivedId } from '../building/derived-id.ts';
import { DocumentDraft } from '../building/document-draft.ts';
import { type Fields, fieldsOf, idOf, isFields, textOf, timeOf } from '../building/values.ts';
import type { Head, LinesFormat, LinesReader, ReadingContext, WholeFormat } from '../format-reader.ts';
import { readElements } from '../json/read-elements.ts';
import { takeCompacted } from './compactions.ts';
import { takeEvent } from './events.ts';
import { isInput, takeItem } from './items.ts';
import { takeMeta, takeTurnContext } from './meta.ts';
import { Origin } from './origin.ts';
import { CodexSession, type Place } from './session.ts';
import type { CodexState } from './state.ts';
import { TokenCounts } from './token-counts.ts';
import { closeRecords, takeUsageRecord, UsageRecords } from './usage-records.ts';

/**
 * Rollouts of Codex: `~/.codex/sessions/<year>/<month>/<day>/rollout-<time>-<session>.jsonl`. Lines are envelopes of `type` and
 * `payload`; the oldest have none and are the items themselves, without times and without counts of tokens.
 */
export const codex: LinesFormat = {
  format: 'codex',
  kind: 'lines',
  recognise: ({ entries }: Head) => entries.some(isEnvelope) || isBareRollout(entries),
  open: (context) => new CodexReader(context),
};

/** What the first versions wrote, before Rust: one JSON value of the same as the oldest lines, `~/.codex/sessions/rollout-<day>-<session>.json`. */
export const codexWhole: WholeFormat = {
  format: 'codex',
  kind: 'whole',
  recognise: ({ text }) =>
    /^\s*\{\s*"session"\s*:\s*\{[^{}]{0,2000}"id"\s*:/.test(text) &&
    /"items"\s*:\s*\[/.test(text) &&
    /"type"\s*:\s*"message"/.test(text),
  open: (context) => {
    const reader = new CodexReader(context);
    return readElements(context, ['session', 'items.*'], {
      value: ([, place], value) => {
        const isSession = typeof place !== 'number';
        const reason = reader.line(
          isSession ? { instructions: null, ...fieldsOf(value) } : value,
          isSession ? 0 : place + 1,
        );
        if (reason !== undefined) throw new RangeError(reason);
      },
      finish: () => reader.finish(),
    });
  },
};

const ENVELOPES = new Set([
  ...['session_meta', 'turn_context', 'response_item', 'event_msg', 'compacted', 'token_usage_record'],
]);
const ITEMS = new Set(['message', 'reasoning', 'function_call', 'function_call_output', 'local_shell_call']);

function isEnvelope(line: Fields): boolean {
  return ENVELOPES.has(textOf(line.type) ?? '') && isFields(line.payload);
}

function isBareRollout([first, ...others]: readonly Fields[]): boolean {
  if (!first || typeof first.id !== 'string' || !('instructions' in first) || 'type' in first) return false;
  return others.every((line) => line.record_type === 'state' || ITEMS.has(textOf(line.type) ?? ''));
}

class CodexReader implements LinesReader {
  readonly #context: ReadingContext;
  readonly #origin = new Origin();
  #state: CodexState | null = null;
  #isBare = false;

  constructor(context: ReadingContext) {
    this.#context = context;
  }

  line(value: unknown, number: number): string | undefined {
    if (!isFields(value)) return 'is no JSON object';
    const place = { atMs: timeOf(value.timestamp), sequence: number };
    const type = textOf(value.type) ?? '';
    if (!ENVELOPES.has(type)) return this.#bare(value, place);
    if (!isFields(value.payload)) return 'has no payload';
    if (type === 'session_meta') return this.#meta(value.payload, place.atMs);
    const state = this.#opened(null);
    if (!state) return NO_SESSION;
    if (this.#origin.isInherited(value.ordinal)) passInherited(state, type, value.payload);
    else takeLine(state, type, value.payload, place);
    return undefined;
  }

  finish(): ReturnType<LinesReader['finish']> {
    if (!this.#state) return [];
    if (this.#isBare) closeBare(this.#state);
    closeRecords(this.#state);
    // What a fork repeats was counted where it was said.
    if (this.#origin.parentId === null) closeUncounted(this.#state);
    this.#state.draft.parent(this.#origin.parentId);
    return this.#state.draft.isEmpty ? [] : [this.#state.draft.document()];
  }

  #meta(meta: Fields, atMs: number | null): string | undefined {
    const id = idOf(meta.id) ?? idOf(meta.session_id);
    const isOwn = this.#state === null || id === this.#state.draft.sessionId;
    this.#origin.meta(meta, timeOf(meta.timestamp) ?? atMs);
    const state = this.#opened(id);
    if (!state) return NO_SESSION;
    if (isOwn) takeMeta(state, meta, atMs);
    return undefined;
  }

  #bare(value: Fields, place: Place): string | undefined {
    if ('instructions' in value && value.type === undefined) {
      this.#isBare = true;
      return this.#meta(value, place.atMs);
    }
    if (!this.#isBare || value.record_type === 'state') return undefined;
    const state = this.#opened(null);
    if (!state) return NO_SESSION;
    if (isInput(value)) closeBare(state);
    takeItem(state, value, place);
    return undefined;
  }

  /** The name of the file has the session too, for one whose first line is lost. */
  #opened(id: string | null): CodexState | null {
    if (this.#state) return this.#state;
    const sessionId = id ?? /([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/.exec(this.#context.fileName ?? '')?.[1];
    if (!sessionId) return null;
    const draft = new DocumentDraft({ sessionId, format: 'codex', agentId: 'codex' }, this.#context.unpackedEntries);
    const session = new CodexSession(draft, this.#context.texts);
    this.#state = {
      ...{ draft, session, origin: this.#origin, counts: new TokenCounts(), records: new UsageRecords() },
      leaveOut: this.#context.leaveOut,
    };
    return this.#state;
  }
}

function takeLine(state: CodexState, type: string, payload: Fields, place: Place): void {
  if (type === 'turn_context') takeTurnContext(state, payload, place.atMs);
  else if (type === 'token_usage_record') takeUsageRecord(state, payload, place);
  else if (type === 'compacted') takeCompacted(state, payload, place);
  else if (type === 'event_msg') takeEvent(state, payload, place);
  else if (type === 'response_item' && !state.origin.isBefore(place.atMs)) takeItem(state, payload, place);
}

/** The totals of the parent are gone on from, all else is told in its own file. */
function passInherited({ counts }: CodexState, type: string, { info }: Fields): void {
  if (type === 'event_msg' && isFields(info)) counts.next(info);
}

const NO_SESSION = 'names no session, and neither does the name of the file';

/** Some providers count nothing. */
function closeUncounted({ draft, session }: CodexState): void {
  session.closeUncounted((turnId) => derivedId('answer', draft.sessionId, turnId));
}

/** The oldest versions counted nothing: an answer ends where something is said to the model again. */
function closeBare({ draft, session }: CodexState): void {
  session.uncounted('ok', (turnId) => derivedId('answer', draft.sessionId, turnId), null);
}
