/**
 * What programs write besides the sessions that are read. Each names what can be imported in its place: it tells more, and would count twice
 * beside it, for the same tools and answers have other ids in what is printed.
 */
const KINDS: readonly (readonly [RegExp, string])[] = [
  [
    /^\{"type"\s*:\s*"thread\.started"|^\{"id"\s*:\s*"[^"]{0,100}"\s*,\s*"msg"\s*:\s*\{\s*"type"/m,
    'this is what `codex exec --json` prints, which tells neither models nor calls; the same session can be imported from ~/.codex/sessions/**/rollout-*.jsonl',
  ],
  [
    /^\s*\{\s*"type"\s*:\s*"result"\s*,\s*"subtype"|^\s*\{\s*"(?:is_error|duration_api_ms)"\s*:.{0,2000}"total_cost_usd"\s*:/s,
    'this is the last line that `claude --print` prints, which tells no calls; the same session can be imported from ~/.claude/projects/*/<session>.jsonl, or as it is printed with `--output-format stream-json`',
  ],
  [
    /^\s*\{"type"\s*:\s*"init"\s*,[^\n]{0,200}"session_id"\s*:|^\s*\{.{0,20000}"stats"\s*:\s*\{\s*"models"\s*:/s,
    'this is what `gemini --output-format json` or `stream-json` prints, which tells no calls; the same session can be imported from ~/.gemini/tmp/*/chats/session-*',
  ],
  [
    /^\s*(?:\{.{0,2000}"(?:history|clientHistory)"\s*:\s*)?\[\s*\{\s*(?:"role"\s*:\s*"(?:user|model)"\s*,\s*"parts"|"parts"\s*:\s*\[)/s,
    'this is what Gemini CLI keeps for `/chat save` or `/restore`, which names no session and no tokens; the same session can be imported from ~/.gemini/tmp/*/chats/session-*',
  ],
  [
    /"schema_version"\s*:\s*"ATIF-v/,
    'this is a trajectory in ATIF, into which benchmarks put what agents did; what the agent itself wrote of the same session can be imported, where it lies beside',
  ],
];

/** Why a file that begins like this is not read; null: it is none of these. */
export function unreadKind(begin: string): string | null {
  return KINDS.find(([looks]) => looks.test(begin))?.[1] ?? null;
}
