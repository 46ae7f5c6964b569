import { contentTexts, estimateMessage } from '../building/estimate.ts';
import { fieldsOf } from '../building/values.ts';
import type { ClaudeLine } from './line.ts';

/** The line between what was summed up and what comes after it. */
export function takeCompaction({ draft, fields, uuid, atMs, sequence, subagent }: ClaudeLine): void {
  const { preTokens } = fieldsOf(fields.compactMetadata);
  const isCount = typeof preTokens === 'number' && Number.isSafeInteger(preTokens) && preTokens >= 0;
  const beforeTokens = isCount ? preTokens : null;
  draft.compaction({ compactionId: uuid, atMs, sequence, subagent, beforeTokens, summaryTokens: null });
}

/** The summary names that line as its parent; older versions wrote the summary alone. */
export function takeSummary({ draft, fields, uuid, parentUuid, atMs, sequence, subagent }: ClaudeLine): void {
  const texts = contentTexts(fieldsOf(fields.message).content);
  const summaryTokens = estimateMessage({ texts, model: 'claude' });
  draft.compaction({ compactionId: parentUuid ?? uuid, atMs, sequence, subagent, beforeTokens: null, summaryTokens });
}
