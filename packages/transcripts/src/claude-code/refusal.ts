/**
 * How the program itself words the result of a tool that did not run. Such a result is marked as an error, but says nothing of the
 * tool. Only the beginning is looked at: a tool may print any of these words further on.
 */
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/^The user doesn't want to (?:proceed with this tool use|take this action)/, 'refused_by_user'],
  [/^(?:Exit code \d{1,3}\n)?\[Request interrupted by user/, 'refused_by_user'],
  [/^(?:The )?[Uu]ser (?:has )?rejected\b/, 'refused_by_user'],
  [/^The agent proposed a plan that was rejected by the user/, 'refused_by_user'],
  [/^Permission to use\b.{0,200}\b(?:has been|was) denied/s, 'refused_by_user'],
  [/^Claude requested permissions? to\b.{0,500}\bhaven't granted/s, 'refused_by_user'],
  // Where nobody is asked, rules and another model decide.
  [/^Permission for this\b.{0,200}\b(?:has been|was) denied/s, 'refused_by_program'],
  [/^This command requires approval/, 'refused_by_program'],
  [
    /^This \w{1,40} command contains multiple operations\. The following parts? requires? approval/,
    'refused_by_program',
  ],
  [/^PreToolUse:\S{1,200} hook error\b/, 'refused_by_hook'],
  [/^Hook PreToolUse:\S{1,200} denied this tool/, 'refused_by_hook'],
  [/^\S{1,200} operation blocked by hook/, 'refused_by_hook'],
  // Another call of the same answer failed, or the answer itself was thrown away.
  [/^Sibling tool call errored/, 'cancelled'],
  [/^Cancelled: parallel tool call\b/, 'cancelled'],
  [/^Streaming fallback - tool execution discarded/, 'cancelled'],
];

/** What newer versions write down of it. Any kind is one: none of them is written beside a tool that ran to its end. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ['user-rejected', 'refused_by_user'],
  ['interrupted', 'refused_by_user'],
  ['cancelled', 'cancelled'],
]);

const ABORTED = '<error>Command was aborted before completion</error>';

/**
 * Why a tool did not run, or not to its end: an error type; null when it did. The words go before the kind: they tell a hook from a rule, and
 * the user's no from that nobody could be asked.
 */
export function refusalOf(text: string, kind: string | null): string | null {
  const begin = text
    .trimStart()
    .slice(0, 800)
    .replace(/^<tool_use_error>/, '')
    .replace(/^Error: /, '');
  const worded = REFUSALS.find(([words]) => words.test(begin))?.[1];
  if (worded !== undefined) return worded;
  if (isAborted(text)) return 'refused_by_user';
  return kind === null ? null : (KINDS.get(kind) ?? 'refused_by_program');
}

/** Behind what a command had printed until then. Older versions wrote the same when its time was over. */
function isAborted(text: string): boolean {
  const at = text.lastIndexOf(ABORTED);
  if (at < 0 || (at > 0 && text[at - 1] !== '\n')) return false;
  const isAtEnd = /^(?:\s*|\nCommand [^\n]*)$/.test(text.slice(at + ABORTED.length));
  return isAtEnd && !/^(?:Error: )?Command timed out after /m.test(text);
}

export function isInterruption(text: string): boolean {
  return text.trimStart().startsWith('[Request interrupted by user');
}
