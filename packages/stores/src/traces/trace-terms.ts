import { createHash } from 'node:crypto';
import { type AttributeValue, TRACE_LISTS, type TraceList } from '@tracepost/contracts';
import type { TraceAttribute, TraceQuery } from '../trace-summary-store.ts';

/**
 * What a trace is found by, as lines of text: one for each service, span name, agent, task and attribute. A line holds no control
 * character but the tab between an attribute's name and its value, so that looking for a whole line means nothing but itself.
 */
export interface TraceTerms {
  /** Of services, span names, agents and tasks: their different values, sorted. */
  readonly lists: Readonly<Record<Exclude<TraceList, 'attributes'>, readonly string[]>>;
  /** By name, both sorted: the different values. */
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  readonly truncated: ReadonlySet<TraceList>;
}

const MOST: Readonly<Record<keyof TraceTerms['lists'], number>> = {
  services: 32,
  spanNames: 64,
  agentIds: 32,
  taskIds: 128,
};
const MOST_KEYS = 64;
const MOST_VALUES = 8;
const LONGEST = 160;

/** A text as it stands in a line: without control characters; a long one is cut and marked with its hash, so that the whole finds it. */
export function termText(text: string): string {
  // Most texts are plain; the test costs less than the rest.
  if (text.length <= LONGEST && !NOT_PLAIN.test(text)) return text;
  const clean = text.replace(/\p{Cc}/gu, ' ').toWellFormed();
  if (clean.length <= LONGEST) return clean;
  const hash = createHash('sha256').update(clean).digest('hex').slice(0, 16);
  return `${clean.slice(0, LONGEST - hash.length - 1).toWellFormed()}#${hash}`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for.
const NOT_PLAIN = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/;

/** The text that a value is found by; null for what nobody looks for: a number with a fraction measures something. */
export function termOf(value: AttributeValue): string | null {
  if (typeof value === 'string') return termText(value);
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : null;
  return typeof value === 'boolean' ? String(value) : termText(JSON.stringify(value));
}

/** The limits of a summary, taken so that it does not matter in which pieces and in which order a trace comes. */
export function boundTerms(
  lists: Readonly<Record<keyof TraceTerms['lists'], ReadonlySet<string>>>,
  attributes: ReadonlyMap<string, ReadonlySet<string>>,
  truncated: ReadonlySet<TraceList> = new Set(),
): TraceTerms {
  const cut = new Set(truncated);
  const bounded = {
    services: [] as string[],
    spanNames: [] as string[],
    agentIds: [] as string[],
    taskIds: [] as string[],
  };
  for (const list of LIST_NAMES) {
    const sorted = [...lists[list]].sort();
    if (sorted.length > MOST[list]) cut.add(list);
    bounded[list] = sorted.slice(0, MOST[list]);
  }
  const keys = [...attributes.keys()].sort(attributes.size > MOST_KEYS ? byWorth : undefined);
  if (keys.length > MOST_KEYS) cut.add('attributes');
  const kept = new Map<string, readonly string[]>();
  for (const key of keys.slice(0, MOST_KEYS).sort()) {
    const values = [...(attributes.get(key) ?? [])];
    if (values.length > 1) values.sort();
    if (values.length > MOST_VALUES) cut.add('attributes');
    kept.set(key, values.slice(0, MOST_VALUES));
  }
  return { lists: bounded, attributes: kept, truncated: cut };
}

/** The first ones of both are the first ones of all: what one side left out, the whole leaves out too. */
export function mergeTerms(a: TraceTerms, b: TraceTerms): TraceTerms {
  const union = (list: keyof TraceTerms['lists']) => new Set([...a.lists[list], ...b.lists[list]]);
  const attributes = new Map<string, ReadonlySet<string>>();
  for (const key of new Set([...a.attributes.keys(), ...b.attributes.keys()]))
    attributes.set(key, new Set([...(a.attributes.get(key) ?? []), ...(b.attributes.get(key) ?? [])]));
  return boundTerms(
    {
      services: union('services'),
      spanNames: union('spanNames'),
      agentIds: union('agentIds'),
      taskIds: union('taskIds'),
    },
    attributes,
    new Set([...a.truncated, ...b.truncated]),
  );
}

const LIST_NAMES = ['services', 'spanNames', 'agentIds', 'taskIds'] as const;
const MARKS = { services: 's', spanNames: 'n', agentIds: 'a', taskIds: 't' } as const;

/** Names that people look for by go before others when there are too many. */
function byWorth(a: string, b: string): number {
  return worthOf(a) - worthOf(b) || (a < b ? -1 : 1);
}

function worthOf(key: string): number {
  if (/^(tracepost\.|session\.id$|enduser\.)/.test(key)) return 0;
  return /^(http\.|gen_ai\.|messaging\.|error\.|exception\.|rpc\.|db\.|url\.|server\.)/.test(key) ? 1 : 2;
}

/** All terms as one text, to be kept and looked through: it begins and ends with a line end. */
export function writeTerms({ lists, attributes, truncated }: TraceTerms): string {
  const lines: string[] = [];
  for (const list of LIST_NAMES) for (const value of lists[list]) lines.push(`${MARKS[list]}:${value}`);
  for (const [key, values] of attributes) for (const value of values) lines.push(`@${key}\t${value}`);
  for (const list of TRACE_LISTS) if (truncated.has(list)) lines.push(`>${list}`);
  return `\n${lines.join('\n')}\n`;
}

export function readTerms(text: string): TraceTerms {
  const lists = {
    services: [] as string[],
    spanNames: [] as string[],
    agentIds: [] as string[],
    taskIds: [] as string[],
  };
  const attributes = new Map<string, string[]>();
  const truncated = new Set<TraceList>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const list = LIST_NAMES.find((name) => line.startsWith(`${MARKS[name]}:`));
    if (list) lists[list].push(line.slice(2));
    else if (line.startsWith('@')) addAttribute(attributes, line);
    else truncated.add(line.slice(1) as TraceList);
  }
  return { lists, attributes, truncated };
}

function addAttribute(attributes: Map<string, string[]>, line: string): void {
  const tab = line.indexOf('\t');
  const key = line.slice(1, tab);
  const values = attributes.get(key);
  if (values) values.push(line.slice(tab + 1));
  else attributes.set(key, [line.slice(tab + 1)]);
}

/** The whole lines, with the line ends around them, that the text of a trace has to hold. */
export function termsWanted({ service, name, agentId, taskId, attributes = [] }: Omit<TraceQuery, 'limit'>): string[] {
  const named = { services: service, spanNames: name, agentIds: agentId, taskIds: taskId };
  const lines = LIST_NAMES.flatMap((list) => {
    const value = named[list];
    return value === undefined ? [] : [`${MARKS[list]}:${termText(value)}`];
  });
  return [...lines, ...attributes.map(lineOfAttribute)].map((line) => `\n${line}\n`);
}

function lineOfAttribute({ key, value }: TraceAttribute): string {
  return `@${termText(key)}\t${termText(value)}`;
}
