import { isEnded, type TaskEvent, type TaskRecord, taskEventId } from '@tracepost/contracts';
import type { TaskMemory } from '../tasks/task-memory.ts';
import type { TaskReader } from '../tasks/task-reader.ts';
import type { EventStream } from './event-streams.ts';
import { placeOf, placeOfId, rebuildHistory } from './task-history.ts';

export interface FollowOptions {
  readonly stream: EventStream;
  /** As it was known when the stream was opened. */
  readonly record: TaskRecord;
  readonly lastEventId: string | undefined;
  readonly memory: TaskMemory;
  readonly tasks: Pick<TaskReader, 'find' | 'findStored'>;
  readonly pollMs?: number;
}

/** Events may be missed (the live queue dies with its connection), so the record is also looked at now and then. */
const POLL_MS = 5_000;

/**
 * Sends every step of a task once: those of its record, then those to come, until it has ended. History and live are one source, the record as
 * it grows, so that nothing falls between them: an event only says that it is time to look, and what it knows beyond the record (when
 * the next attempt begins) goes with its step.
 */
export function followTask({ stream, record, lastEventId, memory, tasks, pollMs = POLL_MS }: FollowOptions): void {
  const { taskId } = record;
  const seen = lastEventId === undefined ? null : placeOfId(taskId, lastEventId);
  const sent = new Set<number>();
  const heard = new Map<number, TaskEvent>();
  let isAsking = false;
  const isNews = (place: number): boolean => !sent.has(place) && (seen === null || place > seen);

  const show = (known: TaskRecord): void => {
    for (const { place, event } of rebuildHistory(known)) {
      if (!isNews(place)) continue;
      sent.add(place);
      const told = heard.get(place);
      heard.delete(place);
      const { eventId: id, kind } = event;
      stream.send({ id, event: kind, data: told?.kind === kind ? { ...told, eventId: id } : event });
      if (place === ENDING) stream.end('ended');
    }
  };
  /** An ending that came before what led to it waits for one look into the store. */
  const showWhole = async (known: TaskRecord): Promise<void> => {
    if (isAsking) return;
    isAsking = true;
    const stored = await tasks.findStored(taskId);
    isAsking = false;
    if (stored) show(stored);
    show(known);
  };
  const learn = (known: TaskRecord | null): void => {
    if (!known) return;
    if (isEnded(known.status) && hasHoles(known, isNews)) void showWhole(known);
    else show(known);
  };
  const poll = async (): Promise<void> => {
    const found = await tasks.find(taskId);
    if (found.status === 'found') learn(found.record);
  };

  const stopWatching = memory.watch(taskId, (event) => {
    if (event) {
      const place = placeOf(event.kind, event.attempt?.number ?? 0);
      if (event.kind !== 'progress' && isNews(place)) heard.set(place, event);
    }
    learn(memory.get(taskId));
    if (event?.kind === 'progress') sendProgress(stream, event);
  });
  const timer = setInterval(() => void poll(), pollMs);
  timer.unref();
  stream.onEnd(() => {
    stopWatching();
    clearInterval(timer);
  });
  learn(record);
  // What has happened since the record was read.
  learn(memory.get(taskId));
}

const ENDING = placeOf('succeeded', 0);

/** True when the client has seen the ending: there is nothing to come. */
export function hasSeenAll({ taskId, status }: TaskRecord, lastEventId: string | undefined): boolean {
  return lastEventId !== undefined && isEnded(status) && placeOfId(taskId, lastEventId) === ENDING;
}

/** What a task does now has no place in its history: it is shown while it happens, and a client that was away has missed it. */
function sendProgress(stream: EventStream, event: TaskEvent): void {
  const id = taskEventId(event.task.taskId, event.attempt?.number ?? 0, 'progress');
  stream.send({ id, event: 'progress', data: event });
}

/** An attempt that neither this record knows nor the client. */
function hasHoles({ attempts }: TaskRecord, isNews: (place: number) => boolean): boolean {
  const numbers = new Set(attempts.map(({ number }) => number));
  const last = attempts.at(-1)?.number ?? 0;
  for (let number = 1; number < last; number++)
    if (!numbers.has(number) && isNews(placeOf('started', number))) return true;
  return false;
}
