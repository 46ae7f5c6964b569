import { derivedId } from '../building/derived-id.ts';
import type { DocumentDraft } from '../building/document-draft.ts';
import { reportedUsage } from '../building/usage.ts';
import { fieldsOf } from '../building/values.ts';
import type { LeaveOut } from '../format-reader.ts';
import { usdOf } from './usd.ts';

export interface PaidBeside {
  /** What it was for, the same in every session that this entry is copied into. */
  readonly key: readonly (string | number | null)[];
  readonly usage: unknown;
  readonly provider: string | null;
  readonly model: string | null;
  readonly atMs: number | null;
  readonly sequence: number;
  readonly subagent: string | null;
}

/**
 * What models were asked besides the conversation, for a summary or by a tool: of all such calls of one entry there are only the sums, and they
 * are one call here, which gives no message. Nothing where nothing was paid.
 */
export function takePaidBeside({ key, usage, ...call }: PaidBeside, draft: DocumentDraft, leaveOut: LeaveOut): void {
  const reported = reportedUsage(call.provider, usage, leaveOut);
  if (reported.usage === null || reported.usage.input + reported.usage.output === 0) return;
  draft.call({
    callId: derivedId('pi', ...key, reported.rawUsage),
    ...call,
    askedAtMs: null,
    status: 'ok',
    error: null,
    stopReason: null,
    ...reported,
    besides: [],
    reportedCostUsd: usdOf(fieldsOf(fieldsOf(usage).cost).total, leaveOut),
    serviceTier: null,
    contextWindow: null,
  });
}
