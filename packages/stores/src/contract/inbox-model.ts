import type { AttemptFacts, TaskEvent } from '@tracepost/contracts';
import type {
  AttemptBeginning,
  CancelOutcome,
  ClaimOutcome,
  ClaimRequest,
  EndedOutcome,
  InboxStore,
  KeptPayload,
} from '../inbox-store.ts';

/** What an inbox knows of one task. */
export interface ModelRow {
  readonly state: 'running' | 'waiting' | 'ended';
  readonly attempt: number;
  /** Of the attempt that was begun last. */
  readonly number: number;
  readonly crashes: number;
  readonly beginning: AttemptBeginning | null;
  readonly lostAttempts: readonly AttemptFacts[];
  readonly failedAttempts: readonly TaskEvent[];
  readonly workerId: string;
  readonly copy: string;
  readonly generation: number;
  readonly expiresAtMs: number;
  readonly isCancelRequested: boolean;
  readonly ending: TaskEvent | null;
  readonly payload: KeptPayload | null;
}

export type InboxCall =
  | { readonly kind: 'claim'; readonly request: ClaimRequest }
  | { readonly kind: 'awaitRetry'; readonly claim: Parameters<InboxStore['awaitRetry']>[0] }
  | { readonly kind: 'release'; readonly claim: Parameters<InboxStore['release']>[0] }
  | { readonly kind: 'end'; readonly ending: Parameters<InboxStore['end']>[0] }
  | { readonly kind: 'cancel'; readonly request: Parameters<InboxStore['cancel']>[0] };

export type InboxOutcome = ClaimOutcome | CancelOutcome | boolean | Awaited<ReturnType<InboxStore['end']>>;

interface Step {
  readonly row: ModelRow | null;
  readonly outcome: InboxOutcome;
}

/** The rules of the inbox in the plainest words: what stores are compared with. */
export function stepInbox(row: ModelRow | null, call: InboxCall): Step {
  if (call.kind === 'claim') return claim(row, call.request);
  if (call.kind === 'awaitRetry') return awaitRetry(row, call.claim);
  if (call.kind === 'release') return release(row, call.claim);
  if (call.kind === 'end') return end(row, call.ending);
  return cancel(row, call.request);
}

/** The same call to a store. */
export function callInbox(inbox: InboxStore, call: InboxCall): Promise<InboxOutcome> {
  if (call.kind === 'claim') return inbox.claim(call.request);
  if (call.kind === 'awaitRetry') return inbox.awaitRetry(call.claim);
  if (call.kind === 'release') return inbox.release(call.claim);
  if (call.kind === 'end') return inbox.end(call.ending);
  return inbox.cancel(call.request);
}

function claim(row: ModelRow | null, request: ClaimRequest): Step {
  const { attempt, copy, payload, expiresAtMs, isRedelivered, nowMs, workerId, beginning } = request;
  if (row?.ending) {
    return { row: { ...row, payload: row.payload ?? payload }, outcome: endedOf(row, row.ending) };
  }
  if (row?.state === 'waiting' && row.attempt > attempt) {
    return { row, outcome: { status: 'superseded', failedAttempts: row.failedAttempts } };
  }
  const isLost = isRedelivered && row?.copy === copy;
  if (row?.state === 'running' && !isLost && row.expiresAtMs > nowMs) {
    return { row, outcome: { status: 'busy', expiresAtMs: row.expiresAtMs } };
  }
  const generation = (row?.generation ?? 0) + 1;
  const isCancelRequested = row?.isCancelRequested ?? false;
  const isTakenOver = row?.state === 'running';
  const number = isTakenOver ? row.number + 1 : Math.max(attempt, row?.number ?? 0);
  const crashes = (row?.crashes ?? 0) + (isTakenOver && row.workerId !== workerId ? 1 : 0);
  const lostAttempts = row ? lostOf(row) : [];
  return {
    row: {
      state: 'running',
      attempt,
      number,
      crashes,
      beginning,
      lostAttempts,
      failedAttempts: row?.failedAttempts ?? [],
      workerId,
      copy,
      generation,
      expiresAtMs,
      isCancelRequested,
      ending: null,
      payload: row?.payload ?? payload,
    },
    outcome: { status: 'claimed', generation, isCancelRequested, attempt: number, crashes, lostAttempts },
  };
}

const MOST_LOST = 30;

/** With the attempt that runs, whose worker has lost it; too long a list begins anew. */
function lostOf({ state, number, beginning, lostAttempts, workerId }: ModelRow): readonly AttemptFacts[] {
  if (state !== 'running' || !beginning) return lostAttempts;
  return [...(lostAttempts.length < MOST_LOST ? lostAttempts : []), { number, ...beginning, workerId }];
}

function awaitRetry(
  row: ModelRow | null,
  { generation, nextAttempt, event }: Parameters<InboxStore['awaitRetry']>[0],
): Step {
  if (row?.ending || (row && row.generation !== generation)) return { row, outcome: false };
  const known = row ?? UNKNOWN;
  // Said twice it is kept once.
  const failedAttempts = row?.state === 'waiting' ? row.failedAttempts : [...withinBound(known.failedAttempts), event];
  return { row: { ...known, generation, state: 'waiting', attempt: nextAttempt, failedAttempts }, outcome: true };
}

/** Too long a list begins anew. */
function withinBound(failed: readonly TaskEvent[]): readonly TaskEvent[] {
  return JSON.stringify(failed).length < 65_536 ? failed : [];
}

function release(row: ModelRow | null, { generation }: { generation: number }): Step {
  if (row?.state !== 'running' || row.generation !== generation) return { row, outcome: false };
  return { row: { ...row, state: 'waiting' }, outcome: true };
}

function end(row: ModelRow | null, { generation, event }: Parameters<InboxStore['end']>[0]): Step {
  if (row?.ending) return { row, outcome: endedOf(row, row.ending) };
  if (row && generation !== null && row.generation !== generation) return { row, outcome: { status: 'lost' } };
  const known = row ?? UNKNOWN;
  const lostAttempts = generation === null ? lostOf(known) : known.lostAttempts;
  const ended: ModelRow = { ...known, state: 'ended', ending: event, lostAttempts };
  return { row: ended, outcome: endedOf(ended, event) };
}

function endedOf({ lostAttempts, failedAttempts }: ModelRow, event: TaskEvent): EndedOutcome {
  return { status: 'ended', event, lostAttempts, failedAttempts };
}

function cancel(row: ModelRow | null, { event }: { event: TaskEvent }): Step {
  if (row?.ending) {
    const status = row.ending.eventId === event.eventId ? 'cancelled' : 'ended';
    const outcome: CancelOutcome = { status, event: row.ending };
    return { row, outcome };
  }
  if (row?.state === 'running') return { row: { ...row, isCancelRequested: true }, outcome: { status: 'requested' } };
  return { row: { ...(row ?? UNKNOWN), state: 'ended', ending: event }, outcome: { status: 'cancelled', event } };
}

/** Of a task that was never claimed here. */
const UNKNOWN: ModelRow = {
  state: 'ended',
  attempt: 0,
  number: 0,
  crashes: 0,
  beginning: null,
  lostAttempts: [],
  failedAttempts: [],
  workerId: '',
  copy: '',
  generation: 0,
  expiresAtMs: 0,
  isCancelRequested: false,
  ending: null,
  payload: null,
};
