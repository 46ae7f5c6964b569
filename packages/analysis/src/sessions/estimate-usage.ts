import {
  NO_TOKENS,
  type SessionCompaction,
  type SessionModelCall,
  type TokenUsage,
  type TranscriptFormat,
} from '@tracepost/contracts';
import { byOrder, type ConversationLine } from './lines.ts';
import { shareOut } from './share-out.ts';
import { usualInstructions, usuallyFullAt } from './usual-instructions.ts';

export interface EstimateOptions {
  readonly format: TranscriptFormat;
  /** What all calls without usage of their own took together, where the transcript says that. */
  readonly total?: TokenUsage | null;
  /** Where what was said was summed up, in order. */
  readonly compactions?: readonly SessionCompaction[];
  /** Tokens that the model of a call can read; null: not known. */
  readonly contextWindowOf?: (call: SessionModelCall) => number | null;
}

/**
 * What the calls took whose usage nobody reported, by call id, from the estimated tokens of the messages. The output of a call is what its
 * answer says; its input is everything that was said before it in its line, and what stands in no message: instructions and descriptions of
 * tools. How much that is tell, in this order, the reported calls of the same line, the transcript, and what is usual for its program.
 * What was summed up is not sent again, and how full the context was then tells what stands in no message. Where the transcript tells of no summary, older
 * messages are taken to be summed up when the window of the model is as full as the program lets it be. With a `total` the estimates only share that out,
 * and their sum is exact. A call that failed took nothing. Linear in messages and calls.
 */
export function estimateUsage(lines: readonly ConversationLine[], options: EstimateOptions): Map<string, TokenUsage> {
  const estimates = new Map<string, TokenUsage>();
  for (const line of lines) if (line.calls.some(isUnreported)) estimateLine(line, options, estimates);
  return options.total ? shareOut(options.total, estimates) : estimates;
}

/** Whether there is something to estimate. */
export function isUnreported(call: SessionModelCall): boolean {
  return call.usage === null && call.status !== 'failed';
}

/** What is left of a window when what was said has been summed up. */
const SUMMARY = 0.05;

function estimateLine(line: ConversationLine, options: EstimateOptions, estimates: Map<string, TokenUsage>): void {
  const said = saidAroundCalls(line);
  const usual = usualInstructions(options.format, line.subagent);
  const summedUp = saidAtCompactions(line, options.compactions ?? []);
  let besides = firstBesides(line.calls, said) ?? besidesAt(summedUp[0], 0);
  let left = 0;
  let next = 0;
  for (const call of line.calls) {
    const { before, answer } = said.get(call.callId) ?? NOTHING_SAID;
    for (let at = summedUp[next]; at && byOrder(at.compaction, call) < 0; at = summedUp[++next]) {
      besides = besidesAt(at, left) ?? besides;
      left = at.said - (at.compaction.summaryTokens ?? 0);
    }
    if (isReported(call)) {
      besides = call.usage.input - before;
      left = 0;
    }
    if (!isUnreported(call)) continue;
    const given = besides ?? call.instructionTokens ?? usual;
    const window = options.contextWindowOf?.(call) ?? Number.POSITIVE_INFINITY;
    const isFull = before - left + given > usuallyFullAt(options.format, window);
    if (isFull && summedUp.length === 0) left = Math.max(0, before - SUMMARY * window);
    const input = Math.round(Math.min(Math.max(0, before - left + given), window));
    estimates.set(call.callId, { ...NO_TOKENS, input, output: Math.round(answer) });
  }
}

interface SummedUp {
  readonly compaction: SessionCompaction;
  /** Estimated tokens of all messages before it. */
  readonly said: number;
}

/** Those of this line, in order. */
function saidAtCompactions({ subagent, messages }: ConversationLine, all: readonly SessionCompaction[]): SummedUp[] {
  let said = 0;
  let next = 0;
  return all
    .filter((compaction) => compaction.subagent === subagent)
    .map((compaction) => {
      for (let message = messages[next]; message && byOrder(message, compaction) < 0; message = messages[++next])
        said += message.estimatedTokens;
      return { compaction, said };
    });
}

/** What the model was given then beyond the messages; null: the program does not say how much it was. */
function besidesAt(at: SummedUp | undefined, left: number): number | null {
  const before = at?.compaction.beforeTokens ?? null;
  return at === undefined || before === null ? null : Math.max(0, before - (at.said - left));
}

function isReported(call: SessionModelCall): call is SessionModelCall & { readonly usage: TokenUsage } {
  return call.usage !== null && call.usage.input > 0;
}

/** What the first reported call of a line read beyond the messages before it; null: none is reported. */
function firstBesides(calls: readonly SessionModelCall[], said: ReadonlyMap<string, Said>): number | null {
  const first = calls.find(isReported);
  return first ? first.usage.input - (said.get(first.callId) ?? NOTHING_SAID).before : null;
}

interface Said {
  /** Estimated tokens of all messages before the answer. */
  readonly before: number;
  answer: number;
}

const NOTHING_SAID: Said = Object.freeze({ before: 0, answer: 0 });

function saidAroundCalls({ messages, calls }: ConversationLine): Map<string, Said> {
  const said = new Map<string, Said>();
  const answered = new Set(messages.filter(({ role }) => role === 'assistant').map(({ callId }) => callId));
  let tokens = 0;
  let next = 0;
  // A call without an answer stands where its time puts it.
  const placeCallsUntil = (message: ConversationLine['messages'][number] | null): void => {
    for (let call = calls[next]; call && (!message || byOrder(call, message) < 0); call = calls[++next]) {
      if (!answered.has(call.callId)) said.set(call.callId, { before: tokens, answer: 0 });
    }
  };
  for (const message of messages) {
    placeCallsUntil(message);
    if (message.role === 'assistant' && message.callId !== null) {
      const call = said.get(message.callId) ?? { before: tokens, answer: 0 };
      call.answer += message.estimatedTokens;
      said.set(message.callId, call);
    }
    tokens += message.estimatedTokens;
  }
  placeCallsUntil(null);
  return said;
}
