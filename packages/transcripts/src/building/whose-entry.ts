import type { TranscriptFormat } from '@tracepost/contracts';
import { known } from './known.ts';

/** Whose an entry is that two witnesses tell of: in whatever order they come, and in any grouping. */
export type JoinSubagents = (one: string | null, other: string | null) => string | null;

/** Lines of a side chain in an old transcript do not name their agent; a line elsewhere that does knows more. */
export const UNNAMED_SUBAGENT = 'sidechain';

/**
 * Claude Code forks a conversation for work of its own (to sum it up, to answer aside), under an id with the label of that work in it. Like a
 * subagent that begins with its parent's context, such a fork writes all that was said before into its own file, as if it were its own. What others
 * call their agents (`agent-4f2a9c1b`, `assistant-20251101`) may look the same.
 */
const FORK = /^a(?!gent-|ssistant-|nalyst-)[a-z_]+-[0-9a-f]{6,}$/;

/** By what a line without an agent's name says in this format. */
export function subagentsOf(format: TranscriptFormat): JoinSubagents {
  return format === 'claude-code' ? firstOwner : knownSubagent;
}

/** Where null says nothing: whoever is named, but a fork only where nobody else tells of the entry. */
export function knownSubagent(one: string | null, other: string | null): string | null {
  if (one === other) return one;
  if (one === null || other === null) {
    const named = one ?? other;
    return named !== null && FORK.test(named) ? null : named;
  }
  return namedOwner(one, other);
}

/** Where null is the main agent: what it told is its own, whoever else repeats it. */
function firstOwner(one: string | null, other: string | null): string | null {
  if (one === other) return one;
  return one === null || other === null ? null : namedOwner(one, other);
}

function namedOwner(one: string, other: string): string | null {
  const difference = rankOf(one) - rankOf(other);
  return difference === 0 ? known(one, other) : difference > 0 ? one : other;
}

function rankOf(subagent: string): number {
  if (FORK.test(subagent)) return 0;
  return subagent === UNNAMED_SUBAGENT ? 1 : 2;
}
