import type { SessionSpan, SessionToolCall } from '@tracepost/contracts';
import { joinTools } from '../building/join-tools.ts';
import { earlier, later } from '../building/known.ts';
import { inOrder } from '../building/order.ts';
import { knownSubagent } from '../building/whose-entry.ts';
import { isSameRun, isWitness, ownToolIds } from './own-tool-ids.ts';
import { BY_SPAN, TOOL_SPAN_NAME } from './span-draft.ts';
import { spanKey } from './span-ids.ts';
import type { SpanTree } from './span-tree.ts';

/** Two witnesses of one call: of the model that asked for it, of the span in which it ran, of the conversation that holds its result. */
export function mergeTools(one: SessionToolCall, other: SessionToolCall): SessionToolCall {
  const first = isBefore(one, other) ? one : other;
  return {
    ...joinTools(one, other, knownSubagent),
    atMs: first.atMs,
    sequence: first.sequence,
    startedAtMs: earlier(one.startedAtMs, other.startedAtMs),
    endedAtMs: later(one.endedAtMs, other.endedAtMs),
  };
}

/** Issued before run, run before told: the first is when it was asked for. */
function isBefore(one: SessionToolCall, other: SessionToolCall): boolean {
  const [left, right] = [one.atMs ?? Number.POSITIVE_INFINITY, other.atMs ?? Number.POSITIVE_INFINITY];
  return left < right || (left === right && one.sequence <= other.sequence);
}

export interface JoinedTools {
  readonly tools: readonly SessionToolCall[];
  /** From what they were joined: every run, and what was joined with one. */
  readonly raw: readonly SessionToolCall[];
  /** The id of the call of which something with an id that comes again is told. */
  readonly own: ReadonlyMap<string, string>;
  /** By the id of the call: in which span it ran. */
  readonly ranIn: ReadonlyMap<string, SessionSpan>;
}

/**
 * Puts runs of tools to the calls of models that asked for them. A run that does not say which one it is belongs to the first call that still waits, with
 * the same arguments if there is one. A run of the same tool inside another is the same run; one with the same id at another time is not.
 */
export function joinedTools(
  all: ReadonlyMap<string, SessionToolCall>,
  tree: SpanTree,
  /** Of calls that another one speaks for: that one; and how the spans of calls lie in each other. */
  {
    spokenFor,
    inside,
  }: {
    readonly spokenFor: ReadonlyMap<string, string>;
    readonly inside: ReadonlyMap<string, readonly string[]>;
  },
): JoinedTools {
  const inner = innerRuns(tree, ({ spanId, name }) => all.get(BY_SPAN + spanId)?.name ?? name);
  const tools = new Map([...all].filter(([id]) => !id.startsWith(BY_SPAN) && !isWitness(id)));
  const raw = new Map(
    [...all].filter(
      ([id, tool]) =>
        id.startsWith(BY_SPAN) || isWitness(id) || tool.startedAtMs !== null || spokenFor.has(tool.callId ?? ''),
    ),
  );
  const runs = tree.spans.flatMap((span) => {
    const run = span.kind === 'tool' && !inner.has(span) ? all.get(BY_SPAN + span.spanId) : undefined;
    return run ? [{ run, span }] : [];
  });
  const put = (id: string, witness: SessionToolCall): void => {
    const before = tools.get(id);
    const asked = all.get(id);
    if (asked) raw.set(id, asked);
    const named = { ...witness, toolCallId: id };
    tools.set(id, before ? mergeTools(before, named) : named);
  };
  const own = ownToolIds(all, runs, { tree, inside });
  for (const tool of all.values())
    if (isWitness(tool.toolCallId)) put(own.get(tool.toolCallId) ?? tool.toolCallId, tool);

  const ran = new Map<string, SessionSpan[]>();
  const ranIn = new Map<string, SessionSpan>();
  const unnamed: { readonly run: SessionToolCall; readonly span: SessionSpan }[] = [];
  for (const { run, span } of runs) {
    if (span.toolCallId === null) unnamed.push({ run, span });
    else {
      const id = own.get(spanKey(span)) ?? idOfRun(span.toolCallId, span, ran);
      put(id, run);
      ranIn.set(id, span);
    }
  }
  const ordered = inOrder(tools.values(), idOf);
  const waiting = Map.groupBy(
    ordered.filter(({ startedAtMs }) => startedAtMs === null),
    ({ name }) => name,
  );
  const spanOf = new Map(unnamed.map(({ run, span }) => [run, span]));
  for (const run of inOrder(spanOf.keys(), idOf)) {
    const id = takeAsked(waiting.get(run.name) ?? [], run)?.toolCallId ?? run.toolCallId;
    put(id, run);
    ranIn.set(id, spanOf.get(run) as SessionSpan);
  }
  const told = Array.from(tools.values(), (tool) => ({
    ...tool,
    callId: spokenFor.get(tool.callId ?? '') ?? tool.callId,
  }));
  return { tools: inOrder(told, idOf), raw: inOrder(raw.values(), idOf), own, ranIn };
}

function idOf({ toolCallId }: SessionToolCall): string {
  return toolCallId;
}

/** One that is unique is told twice where the two runs lie in each other. */
function idOfRun(given: string, span: SessionSpan, ran: Map<string, SessionSpan[]>): string {
  const others = ran.get(given) ?? [];
  const isAnother = others.length > 0 && !others.some((other) => isSameRun(other, span));
  if (!isAnother) ran.set(given, [...others, span]);
  return isAnother ? `${given}/${span.spanId}` : given;
}

/** Clocks of two processes. */
const SLACK_MS = 1_000;

function takeAsked(waiting: SessionToolCall[], run: SessionToolCall): SessionToolCall | null {
  const isEarlier = ({ atMs }: SessionToolCall): boolean =>
    atMs === null || run.startedAtMs === null || atMs <= run.startedAtMs + SLACK_MS;
  const isSame = ({ argumentsHash }: SessionToolCall): boolean => argumentsHash === run.argumentsHash;
  for (const fits of [(tool: SessionToolCall) => isEarlier(tool) && isSame(tool), isEarlier, isSame]) {
    const at = waiting.findIndex(fits);
    if (at >= 0) return waiting.splice(at, 1)[0] ?? null;
  }
  return null;
}

/** A framework and the library below it both make a span. */
function innerRuns(tree: SpanTree, nameOf: (span: SessionSpan) => string): ReadonlySet<SessionSpan> {
  const inner = new Set<SessionSpan>();
  for (const span of tree.spans) {
    if (span.kind !== 'tool') continue;
    const outer = tree.around(span).find(({ kind }) => kind === 'tool' || kind === 'model');
    const isSame = outer?.kind === 'tool' && (toolName(outer) === toolName(span) || nameOf(outer) === nameOf(span));
    if (isSame && (span.toolCallId === null || span.toolCallId === outer.toolCallId)) inner.add(span);
  }
  return inner;
}

function toolName({ name }: SessionSpan): string {
  return name.replace(TOOL_SPAN_NAME, '');
}
