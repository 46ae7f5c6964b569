import type { TraceSummary } from '@tracepost/contracts';
import {
  type RootSpan,
  readSample,
  readTerms,
  type TraceDigest,
  toTraceSummary,
  writeSample,
  writeTerms,
} from '@tracepost/stores';
import { jsonText } from '../json-text.ts';
import type { TraceSummariesTable } from '../schema.ts';

/** All that the row holds, without who and when. */
export type DigestColumns = Omit<TraceSummariesTable, 'trace_id' | 'version' | 'seen_at_ms'>;

export function toColumns(digest: TraceDigest): DigestColumns {
  return {
    started_us: digest.startedUs,
    ended_us: digest.endedUs,
    has_error: digest.errors.length > 0 ? 1 : 0,
    root: jsonText(digest.root),
    terms: writeTerms(digest.terms),
    spans: writeSample(digest.spans),
    errors: writeSample(digest.errors),
  };
}

export function fromColumns(row: DigestColumns): TraceDigest {
  return {
    startedUs: row.started_us,
    endedUs: row.ended_us,
    root: JSON.parse(row.root) as RootSpan,
    terms: readTerms(row.terms),
    spans: readSample(row.spans),
    errors: readSample(row.errors),
  };
}

export function isSame(a: DigestColumns, b: DigestColumns): boolean {
  return (
    a.started_us === b.started_us &&
    a.ended_us === b.ended_us &&
    a.spans === b.spans &&
    a.errors === b.errors &&
    a.root === b.root &&
    a.terms === b.terms
  );
}

export function toSummary(row: Omit<TraceSummariesTable, 'version'>): TraceSummary {
  return toTraceSummary(row.trace_id, fromColumns(row), row.seen_at_ms);
}
