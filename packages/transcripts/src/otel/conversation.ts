import type { SpanSignal } from '@tracepost/contracts';
import { fieldsOf, isFields, listOf } from '../building/values.ts';
import { listAt, parsed, valueAt } from './attributes.ts';
import { type Said, saidIn } from './said.ts';

export interface Conversation {
  /** Everything that the model was given, history too. */
  readonly input: readonly Said[];
  readonly output: readonly Said[];
}

type Source = (span: SpanSignal) => readonly Said[] | null;

/** What a model was given and what it answered, from wherever the span's dialect keeps it; the richest place first. */
export function conversationOf(span: SpanSignal): Conversation {
  return { input: firstOf(INPUTS, span), output: firstOf(OUTPUTS, span) };
}

function firstOf(sources: readonly Source[], span: SpanSignal): readonly Said[] {
  for (const source of sources) {
    const found = source(span);
    if (found && found.length > 0) return found;
  }
  return [];
}

/** The first of these attributes in which something was said. */
function attribute(role: 'user' | 'assistant', ...names: readonly string[]): Source {
  return ({ attributes }) => {
    for (const name of names) {
      const found = saidIn(attributes[name], role);
      if (found.length > 0) return found;
    }
    return null;
  };
}

function numbered(role: 'user' | 'assistant', ...prefixes: readonly string[]): Source {
  return ({ attributes }) => {
    for (const prefix of prefixes) {
      const list = listAt(attributes, prefix);
      if (list) return saidIn(list, role);
    }
    return null;
  };
}

/** An event that holds the messages as attributes. */
function eventAttribute(role: Said['role'], name: string): Source {
  return ({ events }) => {
    for (const event of events) {
      const value = event.attributes[name];
      if (value !== undefined) return saidIn(value, role);
    }
    return null;
  };
}

/** One event for each message, by their names: those of the conventions of 2024, and Pydantic AI's list of them in one attribute. */
function messageEvents(isAnswer: boolean): Source {
  return ({ events, attributes }) => {
    const listed = listOf(parsed(attributes.events)).map((event) => ({
      name: fieldsOf(event)['event.name'],
      body: event as unknown,
    }));
    const told = events.map(({ name, attributes: body }) => ({ name, body: body as unknown }));
    return [...told, ...listed].flatMap(({ name, body }) => {
      const { word } =
        /^gen_ai\.(?<word>system|user|assistant|tool)\.message$|^gen_ai\.(?<choice>choice)$/.exec(String(name))
          ?.groups ?? {};
      if (name === 'gen_ai.choice') return isAnswer ? saidIn(choiceOf(body), 'assistant') : [];
      return word === undefined || isAnswer ? [] : saidIn({ role: word, ...bodyOf(body) }, 'user');
    });
  };
}

/** Bodies of events became attributes in several ways: as JSON in one, or flat. */
function bodyOf(event: unknown): Record<string, unknown> {
  const { body, event_body, 'gen_ai.event.content': content, ...rest } = fieldsOf(event);
  const inner = parsed(body ?? event_body ?? content);
  return { ...rest, ...fieldsOf(inner) };
}

function choiceOf(event: unknown): unknown {
  const body = bodyOf(event);
  const message = parsed(body.message) ?? body;
  // Only its content, as Strands writes it.
  return { ...body, message: isFields(message) ? message : { content: message } };
}

/** What a tool was given, where events say it: in one of its own, or as a message among those of a model. */
export function givenInEvents(span: SpanSignal): unknown {
  const said = eventAttribute('tool', 'gen_ai.input.messages')(span) ?? [];
  return inEvent(span, 'gen_ai.tool.message', 'content') ?? said.flatMap(({ calls }) => calls)[0]?.arguments;
}

/** What a tool gave back, likewise. */
export function toldInEvents(span: SpanSignal): unknown {
  const said = eventAttribute('tool', 'gen_ai.output.messages')(span) ?? [];
  return inEvent(span, 'gen_ai.choice', 'message') ?? said[0]?.text;
}

function inEvent({ events }: SpanSignal, event: string, name: string): unknown {
  const found = events.find((one) => one.name === event);
  return found && valueAt(found.attributes, name);
}

const INPUTS: readonly Source[] = [
  attribute('user', 'gen_ai.input.messages'),
  eventAttribute('user', 'gen_ai.input.messages'),
  numbered('user', 'llm.input_messages', 'gen_ai.prompt'),
  attribute('user', 'ai.prompt.messages'),
  messageEvents(false),
  attribute('user', 'ai.prompt', 'request_data', 'gen_ai.request.messages', 'gcp.vertex.agent.llm_request'),
  eventAttribute('user', 'gen_ai.prompt'),
  attribute('user', 'langfuse.observation.input', 'gen_ai.prompt', 'llm.prompts', 'input.value', 'mlflow.spanInputs'),
];

const OUTPUTS: readonly Source[] = [
  attribute('assistant', 'gen_ai.output.messages'),
  eventAttribute('assistant', 'gen_ai.output.messages'),
  numbered('assistant', 'llm.output_messages', 'gen_ai.completion'),
  (span) => vercelAnswer(span),
  messageEvents(true),
  attribute('assistant', 'response_data', 'gcp.vertex.agent.llm_response'),
  (span) => sentryAnswer(span),
  eventAttribute('assistant', 'gen_ai.completion'),
  attribute('assistant', 'langfuse.observation.output', 'gen_ai.completion', 'output.value', 'mlflow.spanOutputs'),
];

function vercelAnswer({ attributes }: SpanSignal): readonly Said[] | null {
  const text = attributes['ai.response.text'] ?? attributes['ai.result.text'] ?? attributes['ai.response.object'];
  const calls = valueAt(attributes, 'ai.response.toolCalls', 'ai.result.toolCalls');
  if (text === undefined && calls === undefined) return null;
  return saidIn({ role: 'assistant', content: typeof text === 'string' ? text : '', tool_calls: calls }, 'assistant');
}

function sentryAnswer({ attributes }: SpanSignal): readonly Said[] | null {
  const text = attributes['gen_ai.response.text'];
  const calls = valueAt(attributes, 'gen_ai.response.tool_calls');
  if (text === undefined && calls === undefined) return null;
  const [content] = listOf(parsed(text));
  return saidIn({ role: 'assistant', content: content ?? text ?? '', tool_calls: calls }, 'assistant');
}
