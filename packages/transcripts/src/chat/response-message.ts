import { type Fields, fieldsOf, listOf, textOf } from '../building/values.ts';

/**
 * A message as OpenAI's chat has them. Where the model was asked by OpenAI's other interface, an answer stands there as it came
 * (`"object": "response"`) and a result as what is sent back (`function_call_output`); all other messages have a role in both.
 */
export function inChatShape(message: Fields): Fields {
  if (message.object === 'response') return answerOf(message);
  if (message.type !== 'function_call_output') return message;
  return { role: 'tool', tool_call_id: message.call_id, content: message.output, extra: message.extra };
}

/** Why the model stopped: what cut the answer off, else that it was complete. */
export function stopReasonOf(response: Fields): string | null {
  return textOf(fieldsOf(response.incomplete_details).reason) ?? textOf(response.status);
}

function answerOf(response: Fields): Fields {
  const items = listOf(response.output).map(fieldsOf);
  const calls = items.filter(({ type }) => type === 'function_call');
  return {
    role: 'assistant',
    content: items.flatMap(({ type, content }) => (type === 'message' ? listOf(content) : [])),
    tool_calls: calls.map(({ call_id, id, name, arguments: given }) => ({ id: call_id ?? id, name, arguments: given })),
    extra: { ...fieldsOf(response.extra), response },
  };
}
