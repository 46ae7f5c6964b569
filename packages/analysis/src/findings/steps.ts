import type {
  Evidence,
  SessionDocument,
  SessionMessage,
  SessionModelCall,
  SessionToolCall,
} from '@tracepost/contracts';

/** One entry of a session, of whichever kind, in the order in which things happened. */
export type Step =
  | { readonly kind: 'message'; readonly entry: SessionMessage }
  | { readonly kind: 'call'; readonly entry: SessionModelCall }
  | { readonly kind: 'tool'; readonly entry: SessionToolCall };

/**
 * In order of time; where no entry has one, in the order in which they were written. One without a time among others that have one (the result
 * of a call whose own line is damaged) stands where its result came, or behind the one before it of its kind: `sequence` only tells apart
 * what is of the same time.
 */
export function stepsOf(document: SessionDocument): readonly Step[] {
  const placed: Placed[] = [];
  place(document.messages, placed, (entry) => ({ kind: 'message', entry }));
  place(document.calls, placed, (entry) => ({ kind: 'call', entry }));
  place(document.tools, placed, (entry) => ({ kind: 'tool', entry }));
  placed.sort(
    (a, b) =>
      a.atMs - b.atMs || a.step.entry.sequence - b.step.entry.sequence || (idOf(a.step) < idOf(b.step) ? -1 : 1),
  );
  return placed.map(({ step }) => step);
}

interface Placed {
  readonly step: Step;
  readonly atMs: number;
}

function place<Entry extends { readonly atMs: number | null; readonly endedAtMs?: number | null }>(
  entries: readonly Entry[],
  into: Placed[],
  stepOf: (entry: Entry) => Step,
): void {
  let last = 0;
  for (const entry of entries) {
    last = entry.atMs ?? entry.endedAtMs ?? last;
    into.push({ step: stepOf(entry), atMs: last });
  }
}

/** The main agent and each subagent go their own ways: what is next is next in the same one. */
export function threadsOf(steps: readonly Step[]): readonly (readonly Step[])[] {
  const threads = new Map<string | null, Step[]>();
  for (const step of steps) {
    const thread = threads.get(step.entry.subagent);
    if (thread) thread.push(step);
    else threads.set(step.entry.subagent, [step]);
  }
  return [...threads.values()];
}

export function evidenceOf(sessionId: string, step: Step): Evidence {
  const evidence = { sessionId, kind: step.kind, id: idOf(step), atMs: step.entry.atMs };
  return step.kind === 'tool' ? { ...evidence, tool: step.entry.name } : evidence;
}

export function idOf(step: Step): string {
  if (step.kind === 'message') return step.entry.messageId;
  return step.kind === 'call' ? step.entry.callId : step.entry.toolCallId;
}
