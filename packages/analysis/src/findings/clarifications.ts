import type { SessionMessage } from '@tracepost/contracts';
import type { Step } from './steps.ts';

const ASKING_TOOLS =
  /^(?:ask_?user(?:_?question)?|ask_?followup_?question|request_?user_?input|ask_?human|human_?input|clarify)$/i;

/** The assistant asked and the user answered: the questions, as messages or as calls of a tool that asks. */
export function clarifications(thread: readonly Step[]): readonly Step[] {
  const found: Step[] = [];
  const asking = new Map<string, boolean>();
  const isAsking = (tool: string): boolean => {
    const known = asking.get(tool) ?? ASKING_TOOLS.test(tool.replace(/^.*__/, ''));
    asking.set(tool, known);
    return known;
  };
  let question: Step | null = null;
  for (const step of thread) {
    if (step.kind === 'call') continue;
    if (step.kind === 'tool') {
      question = null;
      if (step.entry.status === 'ok' && isAsking(step.entry.name)) found.push(step);
    } else if (step.entry.role === 'assistant') {
      question = step.entry.isComplete && asks(step.entry) ? step : null;
    } else if (step.entry.role === 'user') {
      if (question && step.entry.text.trim() !== '') found.push(question);
      question = null;
    }
  }
  return found;
}

const BEHIND_A_QUESTION = /[\s*_"'”’)\]]/;

/** Most messages end otherwise, and their last characters tell it. */
function endsInQuestion(text: string): boolean {
  let at = text.length - 1;
  while (at >= 0 && BEHIND_A_QUESTION.test(text.charAt(at))) at--;
  return text[at] === '?' || text[at] === '？';
}

/** Its last paragraph that is not a mere politeness ends with a question. Of a text that was cut off the end is not known. */
function asks({ text, characters }: SessionMessage): boolean {
  if (characters > text.length || !endsInQuestion(text)) return false;
  const paragraphs = text.trimEnd().split(/\n\s*\n/);
  const last = (paragraphs.at(-1) ?? '').slice(-600);
  if (!/[?？][\s*_"'”’)\]]*$/.test(last)) return false;
  const sentence = last.slice(Math.max(last.slice(0, -8).search(/[.!?](?:\s)[^.!?]*$/), 0));
  return !/\b(?:anything|something) else\b|\bfurther (?:assist|help)/i.test(sentence);
}
