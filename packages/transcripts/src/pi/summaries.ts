import { derivedId } from '../building/derived-id.ts';
import type { DocumentDraft } from '../building/document-draft.ts';
import { estimateMessage } from '../building/estimate.ts';
import { type Fields, textOf } from '../building/values.ts';
import type { LeaveOut } from '../format-reader.ts';
import { takePaidBeside } from './paid-beside.ts';

export interface PiSummary {
  /** The line: a `compaction` or a `branch_summary`. */
  readonly fields: Fields;
  /** Null in the first version of the format. */
  readonly id: string | null;
  readonly atMs: number | null;
  readonly sequence: number;
  /** That the session asks when it begins to sum up. */
  readonly provider: string | null;
  readonly model: string | null;
}

/** What was said was summed up: to go on with less, or to leave a branch with what came of it. Since July 2026 its line tells what that took. */
export function takeSummary(summary: PiSummary, draft: DocumentDraft, leaveOut: LeaveOut): void {
  const { fields, atMs, sequence } = summary;
  if (fields.type === 'compaction') takeCompaction(summary, draft);
  if (fields.usage === undefined || fields.usage === null) return;
  // An extension asks whom it likes.
  const isOwn = fields.fromHook !== true;
  const [provider, model] = isOwn ? [summary.provider, summary.model] : [null, null];
  // What is printed of a session tells the summary alone.
  const key = [textOf(fields.type), textOf(fields.summary) ?? textOf(fields.timestamp)];
  takePaidBeside({ key, usage: fields.usage, provider, model, atMs, sequence, subagent: null }, draft, leaveOut);
}

function takeCompaction({ fields, id, atMs, sequence, model }: PiSummary, draft: DocumentDraft): void {
  const { tokensBefore } = fields;
  const text = textOf(fields.summary);
  const isCount = typeof tokensBefore === 'number' && Number.isSafeInteger(tokensBefore) && tokensBefore >= 0;
  draft.compaction({
    compactionId: text === null ? (id ?? derivedId('compaction', atMs)) : derivedId('compaction', text),
    atMs,
    sequence,
    subagent: null,
    beforeTokens: isCount ? tokensBefore : null,
    summaryTokens: text === null ? null : estimateMessage({ texts: [text], model }),
  });
}
