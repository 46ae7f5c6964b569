import { MAX_RECORDED_AT_ONCE, type RecordBatchAnswer, type RecordRefusal } from '@tracepost/contracts';
import type { PublishOutcome } from '@tracepost/messaging';
import type { ProblemSpec } from '../http/problem.ts';
import type { EventSender, RecordKey } from './event-sender.ts';
import type { EntryContext, ReadEntry } from './read-entry.ts';
import { receivedEvent } from './received-event.ts';

/** What one of the two doors does with an entry. */
export interface Door<T extends Recorded> {
  readonly key: RecordKey;
  /** For a person: `event` or `metric`. */
  readonly word: string;
  readonly read: (value: unknown, context: EntryContext) => ReadEntry<T>;
  readonly isLoop: (entry: T, nowMs: number) => boolean;
}

interface Recorded {
  readonly eventId: string;
  readonly timestamp: string;
}

export type Recording =
  | { readonly status: 'one'; readonly entry: Recorded }
  | { readonly status: 'several'; readonly answer: RecordBatchAnswer }
  /** `entries`: so many were not recorded. */
  | { readonly status: 'refused'; readonly problem: ProblemSpec; readonly entries: number };

/** Reads one entry or an array of them, and hands on what is right; an answer that takes anything comes after the broker's confirm. */
export async function recordEntries<T extends Recorded>(
  body: unknown,
  { door, sender, context }: { readonly door: Door<T>; readonly sender: EventSender; readonly context: EntryContext },
): Promise<Recording> {
  const values: readonly unknown[] = Array.isArray(body) ? body : [body];
  const refused = (problem: ProblemSpec): Recording => ({ status: 'refused', problem, entries: values.length });
  if (values.length === 0 || values.length > MAX_RECORDED_AT_ONCE)
    return refused({
      code: 'INVALID_EVENT',
      detail: `An array has 1 to ${MAX_RECORDED_AT_ONCE} entries; this one has ${values.length}. Nothing was recorded.`,
      receivedEvent: { entries: values.length },
    });
  const taken: { readonly index: number; readonly entry: T }[] = [];
  const refusals: RecordRefusal[] = [];
  for (const [index, value] of values.entries()) {
    const read = readOne(value, door, context);
    if ('entry' in read) taken.push({ index, entry: read.entry });
    else refusals.push({ index, ...read.refusal, receivedEvent: receivedEvent(value) });
  }
  if (taken.length === 0) return refused(nothingTaken(refusals, Array.isArray(body)));

  const outcome = await sender.send(
    door.key,
    taken.map(({ entry }) => JSON.stringify(entry)),
  );
  const [only] = taken;
  if (outcome.status !== 'confirmed') {
    // With the id that it was given: whoever sends it again with that is safe.
    const received = Array.isArray(body) ? body : { ...(body as object), eventId: only?.entry.eventId };
    return refused({ ...notStored(outcome), receivedEvent: receivedEvent(received) });
  }
  if (!Array.isArray(body) && only) return { status: 'one', entry: only.entry };
  const accepted = taken.map(({ index, entry: { eventId, timestamp } }) => ({ index, eventId, timestamp }));
  return { status: 'several', answer: { accepted, refused: refusals } };
}

type Refusal = Omit<RecordRefusal, 'index' | 'receivedEvent'> & { readonly code: 'INVALID_EVENT' | 'LOOP_DETECTED' };

function readOne<T extends Recorded>(
  value: unknown,
  door: Door<T>,
  context: EntryContext,
): { readonly entry: T } | { readonly refusal: Refusal } {
  const read = door.read(value, context);
  if ('faults' in read) {
    const detail = `The ${door.word} does not have the form that is asked for.`;
    return { refusal: { code: 'INVALID_EVENT', detail, errors: read.faults.map((fault) => ({ ...fault })) } };
  }
  if (!door.isLoop(read.entry, context.nowMs)) return read;
  const detail =
    'The same type, source, data and correlation id came more than 20 times within 10 seconds; it was not recorded.';
  return { refusal: { code: 'LOOP_DETECTED', detail } };
}

function nothingTaken(refusals: readonly RecordRefusal[], isArray: boolean): ProblemSpec {
  const [first] = refusals;
  const isLoop = refusals.every(({ code }) => code === 'LOOP_DETECTED');
  const code = isLoop ? 'LOOP_DETECTED' : 'INVALID_EVENT';
  const retry = isLoop ? { retryAfterSeconds: 10 } : {};
  if (isArray || !first)
    return { code, detail: `None of the ${refusals.length} entries was recorded.`, refused: refusals, ...retry };
  const { detail, errors, receivedEvent: received } = first;
  return { code, detail, ...(errors ? { errors } : {}), receivedEvent: received, ...retry };
}

/** Reasons stay in the log: they name files and hosts. */
function notStored(outcome: Exclude<PublishOutcome, { status: 'confirmed' }>): ProblemSpec {
  const details = {
    unconfirmed:
      'The broker did not confirm in time: it may be recorded or not. Sent again with the same eventId it is recorded once.',
    refused: 'The broker has no room for it: too much waits to be stored. Nothing was recorded.',
    unroutable: 'The queue of recorded events is not there; it is being declared again. Nothing was recorded.',
    unreachable: 'The broker cannot be reached or takes nothing now. Nothing was recorded.',
  } as const;
  return { code: 'STORAGE_FAILURE', detail: details[outcome.status], retryAfterSeconds: 2 };
}
