import { type Fields, fieldsOf, isFields, listOf, textOf } from '../building/values.ts';

/** How the benchmark begins what a tool gave, where it tells it as if the user had said it. */
const OUTPUT = 'API output: ';

/**
 * Agents that are given no functions write their action down as the last thing of an answer, and are told what came of it by the user. Gives
 * both as they would stand there with functions.
 */
export class WrittenActions {
  #open: string | null = null;

  inChatShape(message: Fields, place: number): Fields {
    const content = textOf(message.content) ?? '';
    if (message.role === 'assistant') return this.#asked(message, content, place);
    if (message.role !== 'user' || this.#open === null || !content.startsWith(OUTPUT)) return message;
    const id = this.#open;
    this.#open = null;
    return { role: 'tool', tool_call_id: id, content: content.slice(OUTPUT.length) };
  }

  #asked(message: Fields, content: string, place: number): Fields {
    this.#open = null;
    const action = listOf(message.tool_calls).length === 0 ? actionIn(content) : null;
    if (action === null) return message;
    this.#open = `action-${place}`;
    const call = { id: this.#open, function: { name: action.name, arguments: action.arguments } };
    return { ...message, content: action.before, tool_calls: [call] };
  }
}

interface WrittenAction {
  readonly before: string;
  readonly name: string;
  readonly arguments: unknown;
}

/** Null: there is none, or it is to answer the user, which calls nothing. */
function actionIn(content: string): WrittenAction | null {
  const at = content.lastIndexOf('Action:');
  if (at < 0) return null;
  const { name, arguments: given } = parsed(content.slice(at + 'Action:'.length));
  if (typeof name !== 'string' || name === '' || name === 'respond' || !isFields(given)) return null;
  return { before: content.slice(0, at).trimEnd(), name, arguments: given };
}

function parsed(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return {};
  }
}
