import { contentTexts } from '../building/estimate.ts';

/**
 * What the program puts into the user's mouth: its instructions, the state of the machine, news of what it did. All of it comes as
 * a message of the user and begins with one of these.
 */
const CONTEXT = [
  '# AGENTS.md instructions',
  '<user_instructions>',
  '<environment_context>',
  '<permissions instructions>',
  '<collaboration_mode>',
  '<apps_instructions>',
  '<plugins_instructions>',
  '<skills_instructions>',
  '<skill>',
  '<INSTRUCTIONS>',
  '<turn_aborted>',
  '<user_shell_command>',
  '<user_action>',
  '<subagent_notification>',
  '<model_switch>',
  '<app-context>',
  '<hook_prompt',
  '<recommended_plugins>',
  '<goal_context>',
  '<codex_internal_context',
  'Warning: The maximum number of unified exec processes',
  'Warning: apply_patch was requested via ',
];

/** What the user wrote; empty when nothing of the content is the user's. */
export function userTexts(content: unknown): string[] {
  return contentTexts(content).filter((text) => {
    const begin = text.trimStart();
    return !CONTEXT.some((words) => begin.startsWith(words));
  });
}
