import { type Fields, textOf } from '../building/values.ts';

const SOURCES = new Set(['user', 'agent', 'environment', 'hook']);

/** Whether a JSON object is an event of either kind. */
export function isEvent(value: Fields | undefined): boolean {
  if (value === undefined || typeof value.timestamp !== 'string' || !SOURCES.has(textOf(value.source) ?? ''))
    return false;
  if (typeof value.kind === 'string') return value.id !== undefined;
  return typeof value.action === 'string' || typeof value.observation === 'string';
}

/** The same of the beginning of a text, where the first event may be cut off. */
export function hasEvents(text: string): boolean {
  const beginning = text.slice(0, 16_384);
  if (!/"source"\s*:\s*"(?:user|agent|environment|hook)"/.test(beginning)) return false;
  if (!/"timestamp"\s*:\s*"\d{4}-/.test(beginning)) return false;
  return (
    /"kind"\s*:\s*"(?:\w+Event|Condensation\w*|UserRejectObservation)"/.test(beginning) ||
    /"(?:action|observation)"\s*:\s*"[a-z_]+"/.test(beginning) ||
    isLongNewEvent(beginning)
  );
}

/** An event can say last of which kind it is, which is far behind a long prompt or result: alone in its file, or the first of a list. */
function isLongNewEvent(beginning: string): boolean {
  return (
    /^\s*(?:\{\s*"[a-z]{5,10}"\s*:\s*)?\[?\s*\{\s*"id"\s*:\s*"[0-9a-f-]{32,36}"/i.test(beginning) &&
    /"(?:tool_call_id|llm_response_id|llm_message|system_prompt|forgotten_event_ids|log_data)"\s*:/.test(beginning)
  );
}
