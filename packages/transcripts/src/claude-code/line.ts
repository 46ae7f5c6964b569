import { derivedId } from '../building/derived-id.ts';
import type { DocumentDraft } from '../building/document-draft.ts';
import { RecentTexts } from '../building/recent-texts.ts';
import type { TextBudget } from '../building/text-budget.ts';
import { type Fields, idOf, timeOf } from '../building/values.ts';
import { UNNAMED_SUBAGENT } from '../building/whose-entry.ts';
import type { LeaveOut } from '../format-reader.ts';

/** What was named in the lines before, and may be named again. */
export class ClaudeNames {
  readonly uuids = new RecentTexts(1);
  readonly models = new RecentTexts(2);
  readonly answers = new RecentTexts(2);
  readonly tools = new RecentTexts(4);
  #last: { readonly uuid: string; readonly atMs: number | null } | null = null;

  /** The line is kept in a message, under this time. */
  kept(uuid: string, atMs: number | null): void {
    this.#last = { uuid, atMs };
  }

  /** When the entry was written that a line names as its parent, as far as the line before tells: most follow upon that one. */
  timeOf(parentUuid: string | null): number | null {
    return this.#last !== null && this.#last.uuid === parentUuid ? this.#last.atMs : null;
  }
}

/** What every line of a conversation has. */
export interface ClaudeLine {
  readonly fields: Fields;
  readonly uuid: string;
  readonly parentUuid: string | null;
  readonly atMs: number | null;
  /** Of its first entry. */
  readonly sequence: number;
  readonly subagent: string | null;
  readonly draft: DocumentDraft;
  readonly texts: TextBudget;
  /** Only what calls took is asked for. */
  readonly isForUsage: boolean;
  readonly names: ClaudeNames;
  readonly leaveOut: LeaveOut;
}

/** Throws `RangeError` for an id or a time that cannot be one. */
export function lineHead(
  fields: Fields,
  { uuids }: ClaudeNames,
): Pick<ClaudeLine, 'fields' | 'uuid' | 'parentUuid' | 'atMs'> {
  const atMs = timeOf(fields.timestamp);
  const uuid = idOf(fields.uuid) ?? derivedId(String(fields.type), atMs, JSON.stringify(fields.message));
  const parentUuid = uuids.find(fields.parentUuid) ?? idOf(fields.parentUuid);
  return { fields, uuid: uuids.first(uuid), atMs, parentUuid };
}

/** Lines of subagents carry the session of their parent; newer ones name the agent, and so does the name of their file. */
export function subagentOf(fields: Fields, fileName: string | null): string | null {
  const named = idOf(fields.agentId);
  if (named !== null) return named;
  // As the program prints a session while it runs: the tool that began the subagent.
  const begunBy = idOf(fields.parent_tool_use_id);
  if (begunBy !== null) return begunBy;
  if (fields.isSidechain !== true) return null;
  return /^agent-([\w-]+)\.jsonl$/.exec(fileName ?? '')?.[1] ?? UNNAMED_SUBAGENT;
}

/** On the output of the program while it runs, and not into a file of the session. */
export function isPrinted({ session_id, sessionId }: Fields): boolean {
  return session_id !== undefined && sessionId === undefined;
}
