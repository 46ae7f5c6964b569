import { contentTexts } from '../building/estimate.ts';

/** How the program begins what it puts into the user's mouth: where it works, what was summed up, what hooks add to a prompt. */
const CONTEXT = ['<session_context>', '<state_snapshot>', '<hook_context>'];

/** What the user wrote; null when all of it is the program's. */
export function userWords(content: unknown): string | null {
  const texts =
    typeof content === 'object' && !Array.isArray(content) ? contentTexts([content]) : contentTexts(content);
  const own = texts.filter((text) => {
    const begin = text.trimStart();
    return begin[0] !== '<' || !CONTEXT.some((words) => begin.startsWith(words));
  });
  return own.length === 0 && texts.length > 0 ? null : own.join('\n');
}
