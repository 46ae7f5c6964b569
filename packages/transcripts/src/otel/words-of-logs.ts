import type { Attributes, AttributeValue, LogSignal, SpanSignal } from '@tracepost/contracts';
import { parsed } from './attributes.ts';

export type Words = Pick<LogSignal, 'attributes' | 'body' | 'timeUnixNano' | 'traceId' | 'spanId'>;

const MESSAGE = /^gen[_.]ai\.(?<word>system|user|assistant|tool)[._]message$/;
const CHOICE = /^gen[_.]ai\.choice$/;
const DETAILS = 'gen_ai.client.inference.operation.details';

/**
 * Whether a log record says what a span's model was given or answered: the events of OpenTelemetry's GenAI conventions, one for each message
 * (2024) or one for all (2025), and bodies of `input` and `output`. Cheap enough to be asked of every record.
 */
export function isWords(log: Words): log is Words & { readonly traceId: string; readonly spanId: string } {
  if (log.traceId === null || log.spanId === null) return false;
  const name = log.attributes['event.name'];
  if (typeof name === 'string' && (name === DETAILS || CHOICE.test(name) || MESSAGE.test(name))) return true;
  return isDialogue(log.body);
}

/** The span as if it had said these words itself. Where it did, its own count. */
export function withWords(span: SpanSignal, logs: readonly Words[]): SpanSignal {
  const ordered = logs.toSorted((one, other) => Number(one.timeUnixNano - other.timeUnixNano));
  const events = ordered.flatMap((log) => {
    const name = eventName(log);
    return name === null ? [] : [{ timeUnixNano: log.timeUnixNano, name, attributes: saidIn(log) }];
  });
  const told = ordered.filter((log) => eventName(log) === null).map(attributesOf);
  return {
    ...span,
    attributes: Object.assign({}, ...told, span.attributes) as Attributes,
    events: [...span.events, ...events],
  };
}

/** In the conventions' own letters; null: not one message, but all. */
function eventName({ attributes }: Words): string | null {
  const name = String(attributes['event.name'] ?? '');
  if (CHOICE.test(name)) return 'gen_ai.choice';
  const { word } = MESSAGE.exec(name)?.groups ?? {};
  return word === undefined ? null : `gen_ai.${word}.message`;
}

function saidIn({ attributes, body }: Words): Attributes {
  const content = parsed(body) as AttributeValue;
  if (isMembers(content)) return { ...attributes, ...content };
  return typeof content === 'string' && content !== '' ? { ...attributes, content } : attributes;
}

function attributesOf({ attributes, body }: Words): Attributes {
  const { input, output } = isMembers(body) ? body : {};
  const messages = (value: AttributeValue | undefined): AttributeValue =>
    isMembers(value) ? (value.messages ?? null) : null;
  const said = { 'gen_ai.input.messages': messages(input), 'gen_ai.output.messages': messages(output) };
  const given = Object.entries({ ...attributes, ...(isMembers(body) ? pickGenAi(body) : {}) });
  return Object.fromEntries([
    ...Object.entries(said).filter(([, value]) => value !== null),
    ...given.filter(([name]) => name.startsWith('gen_ai.')),
  ]);
}

/** Some put the attributes of the event into its body. */
function pickGenAi(body: { readonly [key: string]: AttributeValue }): Attributes {
  return Object.fromEntries(Object.entries(body).filter(([name]) => name.startsWith('gen_ai.')));
}

function isDialogue(body: AttributeValue): boolean {
  if (!isMembers(body)) return false;
  return [body.input, body.output].some((side) => isMembers(side) && Array.isArray(side.messages));
}

function isMembers(value: unknown): value is { readonly [key: string]: AttributeValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
