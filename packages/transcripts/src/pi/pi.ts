import { DocumentDraft } from '../building/document-draft.ts';
import { type Fields, fieldsOf, idOf, isFields, textOf, timeOf } from '../building/values.ts';
import type { Head, LinesFormat, LinesReader, ReadingContext } from '../format-reader.ts';
import { modelOf, takeMessage } from './messages.ts';
import { providerOf } from './provider.ts';
import { takeSummary } from './summaries.ts';

/**
 * Sessions of pi: `~/.pi/agent/sessions/<folder>/<time>_<session>.jsonl`. Newer ones are trees (entries name their parent): all branches
 * are read, for all were paid. What `pi --mode json` prints begins with the same header; each message is complete at its `message_end`.
 */
export const pi: LinesFormat = {
  format: 'pi',
  kind: 'lines',
  recognise: ({ entries }: Head) => entries.some(isHeader) || entries.some(isMessage),
  open: (context) => new PiReader(context),
};

const ROLES = new Set(['user', 'assistant', 'toolResult', 'bashExecution']);

/** The first sessions did not tell their folder, but the model. */
function isHeader(line: Fields): boolean {
  const isOne = typeof line.cwd === 'string' || typeof line.modelId === 'string' || line.version === 3;
  return line.type === 'session' && typeof line.id === 'string' && isOne && !('payload' in line);
}

const MESSAGES = new Set<unknown>(['message', 'message_end']);

function isMessage(line: Fields): boolean {
  const message = fieldsOf(line.message);
  return (
    MESSAGES.has(line.type) &&
    ROLES.has(textOf(message.role) ?? '') &&
    'content' in message &&
    'timestamp' in message &&
    !('sessionId' in line)
  );
}

/** How the end of a compaction is printed, with what came of it. */
const PRINTED = new Set<unknown>(['compaction_end', 'auto_compaction_end']);

class PiReader implements LinesReader {
  readonly #context: ReadingContext;
  #draft: DocumentDraft | null = null;
  /** The one that was chosen last, or answered last. */
  #model: string | null = null;
  /** Whom the session asks from then on. */
  #asked: { readonly provider: string | null; readonly model: string | null } = { provider: null, model: null };

  constructor(context: ReadingContext) {
    this.#context = context;
  }

  line(value: unknown, number: number): string | undefined {
    if (!isFields(value)) return 'is no JSON object';
    if (typeof value.type !== 'string') return 'has no type';
    const atMs = timeOf(value.timestamp);
    if (value.type === 'session') return this.#header(value, atMs);
    const draft = this.#opened(null);
    if (!draft) return 'names no session, and neither does the name of the file';
    if (!MESSAGES.has(value.type)) return this.#beside(value, draft, atMs, number);
    if (!isFields(value.message)) return 'has no message';
    if (value.message.role === 'assistant') this.#answeredBy(value.message);
    const entry = {
      id: idOf(value.id),
      parentId: idOf(value.parentId),
      message: value.message,
      writtenAtMs: atMs,
      sequence: number,
      model: this.#model,
      leaveOut: this.#context.leaveOut,
    };
    return takeMessage(entry, draft, this.#context.texts);
  }

  finish(): ReturnType<LinesReader['finish']> {
    return this.#draft && !this.#draft.isEmpty ? [this.#draft.document()] : [];
  }

  /** Changes of thinking, labels and what extensions keep say nothing of messages, calls or tools. */
  #beside(value: Fields, draft: DocumentDraft, atMs: number | null, sequence: number): undefined {
    if (value.type === 'session_info') draft.title(textOf(value.name), atMs);
    if (value.type === 'model_change') this.#chosen(textOf(value.provider), textOf(value.modelId));
    const isPrinted = PRINTED.has(value.type) && isFields(value.result);
    const fields = isPrinted ? { ...fieldsOf(value.result), type: 'compaction' } : value;
    if (fields.type !== 'compaction' && fields.type !== 'branch_summary') return;
    const summary = { fields, id: idOf(value.id), atMs, sequence, ...this.#asked };
    takeSummary(summary, draft, this.#context.leaveOut);
  }

  #chosen(provider: string | null, model: string | null): void {
    if (model === null) return;
    this.#model = model;
    this.#asked = { provider: providerOf(provider), model };
  }

  #answeredBy(message: Fields): void {
    const asked = textOf(message.model);
    if (asked !== this.#asked.model) this.#chosen(textOf(message.provider), asked);
    this.#model = modelOf(message) ?? this.#model;
  }

  #header(header: Fields, atMs: number | null): string | undefined {
    const draft = this.#opened(idOf(header.id));
    if (!draft) return 'has no id';
    if (this.#model === null) this.#chosen(textOf(header.provider), textOf(header.modelId));
    draft.fact('cwd', textOf(header.cwd), atMs);
    draft.fact('version', typeof header.version === 'number' ? String(header.version) : null, atMs);
    draft.parent(sessionOfFile(textOf(header.parentSession) ?? textOf(header.branchedFrom)));
    return undefined;
  }

  #opened(id: string | null): DocumentDraft | null {
    const sessionId = id ?? sessionOfFile(this.#context.fileName);
    if (this.#draft || sessionId === null) return this.#draft;
    this.#draft = new DocumentDraft({ sessionId, format: 'pi', agentId: 'pi' }, this.#context.unpackedEntries);
    return this.#draft;
  }
}

/** `…/2025-11-20T23-33-50-805Z_<session>.jsonl` */
function sessionOfFile(path: string | null): string | null {
  return /_([\w-]{8,64})\.jsonl$/.exec(path ?? '')?.[1] ?? null;
}
