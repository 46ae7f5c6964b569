import type { DocumentDraft } from '../building/document-draft.ts';
import type { LeaveOut } from '../format-reader.ts';
import type { Origin } from './origin.ts';
import type { CodexSession } from './session.ts';
import type { TokenCounts } from './token-counts.ts';
import type { UsageRecords } from './usage-records.ts';

/** What is known of the file so far. */
export interface CodexState {
  readonly draft: DocumentDraft;
  readonly session: CodexSession;
  readonly origin: Origin;
  readonly counts: TokenCounts;
  readonly records: UsageRecords;
  readonly leaveOut: LeaveOut;
}
