import type { SessionCompaction } from '@tracepost/contracts';
import { earlier, later } from './known.ts';
import type { JoinSubagents } from './whose-entry.ts';

/** Two witnesses of one compaction: of where it happened, of what came out of it. */
export function joinCompactions(
  one: SessionCompaction,
  other: SessionCompaction,
  joinSubagents: JoinSubagents,
): SessionCompaction {
  return {
    compactionId: one.compactionId,
    atMs: earlier(one.atMs, other.atMs),
    sequence: Math.min(one.sequence, other.sequence),
    subagent: joinSubagents(one.subagent, other.subagent),
    beforeTokens: later(one.beforeTokens, other.beforeTokens),
    summaryTokens: later(one.summaryTokens, other.summaryTokens),
  };
}
