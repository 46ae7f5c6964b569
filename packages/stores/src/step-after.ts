import type { TaskEvent, TaskRecord } from '@tracepost/contracts';

type Step = Pick<TaskRecord, 'step' | 'stepAt'>;

/**
 * What the task does now, as the newest attempt told last while it runs. Whatever the order of the events: what an
 * earlier attempt told is forgotten with the first word of a later one, and comes too late after it.
 */
export function stepAfter(before: TaskRecord, { status, attempts }: TaskRecord, event: TaskEvent): Step {
  const newest = attempts.at(-1)?.number ?? 0;
  if (status !== 'running') return NO_STEP;
  const known = newest > (before.attempts.at(-1)?.number ?? 0) ? NO_STEP : before;
  const told = stepOf(event, newest);
  return told && isLater(told, known) ? told : { step: known.step, ...(known.stepAt ? { stepAt: known.stepAt } : {}) };
}

const NO_STEP: Step = { step: null };

/** Null when the event tells of none, or of one of another attempt. */
function stepOf({ kind, at, step, attempt }: TaskEvent, newest: number): Required<Step> | null {
  if (kind !== 'progress' || step === undefined || (attempt?.number ?? 0) !== newest) return null;
  return { step, stepAt: at };
}

function isLater(told: Required<Step>, known: Step): boolean {
  if (known.step === null || known.stepAt === undefined) return true;
  return told.stepAt === known.stepAt ? (told.step ?? '') > known.step : told.stepAt > known.stepAt;
}
