import { DocumentDraft } from '../building/document-draft.ts';
import { type Fields, fieldsOf, idOf, isFields, textOf } from '../building/values.ts';
import { usdText } from '../chat/usd-text.ts';
import type { Head, LinesFormat, LinesReader, ReadingContext, WholeFormat } from '../format-reader.ts';
import { readElements } from '../json/read-elements.ts';
import { isApiError, takeApiError } from './api-error.ts';
import { takeAssistantLine } from './assistant-line.ts';
import { takeCompaction } from './compaction.ts';
import { type ClaudeLine, ClaudeNames, isPrinted, lineHead, subagentOf } from './line.ts';
import { PrintedRun } from './printed-run.ts';
import { keepTime, takeQueuedWords, takeUserLine } from './user-line.ts';

/** Sessions of Claude Code: `~/.claude/projects/<folder>/<session>.jsonl`, and `agent-….jsonl` of its subagents. */
export const claudeCode: LinesFormat = {
  format: 'claude-code',
  kind: 'lines',
  recognise: (head: Head) => head.entries.some(isClaudeLine),
  // JSON may write a letter of a name by its number.
  usageMarks: ['usage"', '\\u00'],
  open: (context) => new ClaudeCodeReader(context),
};

/** What the program prints at its end (`--output-format json --verbose`): the same lines as one list. */
export const claudeCodeList: WholeFormat = {
  format: 'claude-code',
  kind: 'whole',
  recognise: ({ text }) =>
    /^\s*\[\s*\{/.test(text) &&
    /"session_id"\s*:\s*"/.test(text) &&
    /"type"\s*:\s*"(?:system|user|assistant)"/.test(text) &&
    /"(?:subtype|message)"\s*:/.test(text),
  open: (context) => {
    const reader = new ClaudeCodeReader(context);
    return readElements(context, ['*'], {
      value: (_, value) => {
        const reason = reader.line(value);
        if (reason !== undefined) throw new RangeError(reason);
      },
      finish: () => reader.finish(),
    });
  },
};

const CONVERSATION = new Set(['user', 'assistant', 'system', 'attachment', 'progress', 'stream_event']);
const ABOUT_A_SESSION = new Set(['queue-operation', 'custom-title', 'ai-title', 'agent-name', 'last-prompt']);

function isClaudeLine(line: Fields): boolean {
  const type = textOf(line.type) ?? '';
  const hasSession = typeof (line.sessionId ?? line.session_id) === 'string';
  if (CONVERSATION.has(type)) return hasSession && ('uuid' in line || 'message' in line || 'subtype' in line);
  if (type === 'summary') return typeof line.leafUuid === 'string';
  if (type === 'file-history-snapshot') return isFields(line.snapshot);
  return ABOUT_A_SESSION.has(type) && hasSession;
}

const FACTS = ['cwd', 'version', 'gitBranch', 'entrypoint'] as const;

class ClaudeCodeReader implements LinesReader {
  readonly #context: ReadingContext;
  readonly #drafts = new Map<string, DocumentDraft>();
  readonly #names = new ClaudeNames();
  readonly #printed = new Map<string, PrintedRun>();
  /** The session of the line before. */
  #latest: DocumentDraft | null = null;
  /** The facts of a main agent that were new last, in the order of `FACTS`; not its line, which may be long. */
  #told: { readonly draft: DocumentDraft; readonly atMs: number | null; readonly facts: readonly unknown[] } | null =
    null;
  #lastAtMs: number | null = null;
  #nextSequence = 0;

  constructor(context: ReadingContext) {
    this.#context = context;
  }

  line(value: unknown): string | undefined {
    if (!isFields(value)) return 'is no JSON object';
    const type = value.type;
    if (typeof type !== 'string') return 'has no type';
    if (CONVERSATION.has(type)) return this.#conversation(type, value, null);
    if (type === 'custom-title') this.#title(value, value.customTitle);
    if (type === 'ai-title') this.#title(value, value.aiTitle);
    if (type === 'result') this.#result(value);
    // Other kinds (snapshots of files, summaries of other sessions, queues) say nothing of messages, calls or tools.
    return undefined;
  }

  finish(): ReturnType<LinesReader['finish']> {
    return Array.from(this.#drafts.values())
      .filter((draft) => !draft.isEmpty)
      .map((draft) => draft.document());
  }

  #conversation(type: string, fields: Fields, subagent: string | null): string | undefined {
    const draft = this.#draft(fields);
    if (!draft) return 'names no session';
    if ((type === 'user' || type === 'assistant') && !isFields(fields.message)) return 'has no message';
    const { uuid, parentUuid, atMs } = lineHead(fields, this.#names);
    const line: ClaudeLine = {
      fields,
      uuid,
      parentUuid,
      atMs,
      sequence: this.#sequence(atMs, fields),
      subagent: subagent ?? subagentOf(fields, this.#context.fileName),
      draft,
      texts: this.#context.texts,
      isForUsage: this.#context.isForUsage,
      names: this.#names,
      leaveOut: this.#context.leaveOut,
    };
    if (type === 'stream_event') {
      this.#printedRun(draft).piece(line);
      return undefined;
    }
    if (type === 'assistant') takeAssistantLine(line);
    else if (type === 'user') takeUserLine(line);
    else if (type === 'system' && isApiError(fields)) takeApiError(line);
    else if (type === 'attachment') takeQueuedWords(line);
    else keepTime(line);
    if (type === 'system' && fields.subtype === 'compact_boundary') takeCompaction(line);
    if (type === 'assistant' && isPrinted(fields)) this.#printedRun(draft).asked(fieldsOf(fields.message).model);
    this.#facts(line);
    return type === 'progress' ? this.#progress(fields) : undefined;
  }

  /** Some versions write what a subagent says into the progress of the tool that runs it. */
  #progress(fields: Fields): string | undefined {
    const data = fieldsOf(fields.data);
    const inner = fieldsOf(data.message);
    const type = inner.type;
    if (data.type !== 'agent_progress' || (type !== 'assistant' && type !== 'user')) return undefined;
    const around = { sessionId: fields.sessionId, timestamp: fields.timestamp, isSidechain: true };
    return this.#conversation(type, { ...around, ...inner }, idOf(data.agentId));
  }

  /** Tells lines of the same millisecond apart, the way they were written. */
  #sequence(atMs: number | null, fields: Fields): number {
    const sequence = atMs === this.#lastAtMs ? this.#nextSequence : 0;
    const content = fieldsOf(fields.message).content;
    this.#lastAtMs = atMs;
    this.#nextSequence = sequence + Math.max(1, Array.isArray(content) ? content.length : 1);
    return sequence;
  }

  #draft(fields: Fields): DocumentDraft | null {
    const given = fields.sessionId ?? fields.session_id;
    // A file has few sessions, and most have one.
    if (this.#latest !== null && this.#latest.sessionId === given) return this.#latest;
    const sessionId = idOf(given);
    if (sessionId === null) return null;
    let draft = this.#drafts.get(sessionId);
    if (!draft) {
      draft = new DocumentDraft(
        { sessionId, format: 'claude-code', agentId: 'claude-code' },
        this.#context.unpackedEntries,
      );
      this.#drafts.set(sessionId, draft);
    }
    this.#latest = draft;
    return draft;
  }

  #facts(line: ClaudeLine): void {
    const { draft, fields, atMs, subagent } = line;
    if (subagent !== null) return;
    if (fields.forkedFrom !== undefined) draft.parent(idOf(fieldsOf(fields.forkedFrom).sessionId));
    if (this.#isToldAgain(line)) return;
    this.#told = { draft, atMs, facts: FACTS.map((name) => fields[name]) };
    for (const name of FACTS) draft.fact(name, textOf(fields[name]), atMs);
  }

  /** The earliest facts count: told once more, and no earlier, they change nothing. */
  #isToldAgain({ draft, fields, atMs }: ClaudeLine): boolean {
    const told = this.#told;
    if (told?.draft !== draft || told.atMs === null || atMs === null || atMs < told.atMs) return false;
    let at = 0;
    for (const name of FACTS) if (told.facts[at++] !== fields[name]) return false;
    return true;
  }

  #title(fields: Fields, title: unknown): void {
    this.#draft(fields)?.title(textOf(title), this.#lastAtMs);
  }

  /** The last line of a session that ran without a terminal. */
  #result(fields: Fields): void {
    const draft = this.#draft(fields);
    const succeeded = typeof fields.is_error === 'boolean' ? !fields.is_error : null;
    draft?.outcome({ succeeded, detail: textOf(fields.subtype) }, this.#lastAtMs);
    const printed = draft && this.#printed.get(draft.sessionId);
    const output = printed?.output(fields) ?? null;
    if (output !== null) draft?.totals({ modelCalls: null, usage: null, costUsd: null, output });
    // The other tokens of the whole stand with its calls; what it cost does not.
    const costUsd = usdText(fields.total_cost_usd);
    if (costUsd !== null && Number(costUsd) > 0) draft?.totals({ modelCalls: null, usage: null, costUsd });
  }

  #printedRun({ sessionId }: DocumentDraft): PrintedRun {
    const known = this.#printed.get(sessionId) ?? new PrintedRun();
    this.#printed.set(sessionId, known);
    return known;
  }
}
