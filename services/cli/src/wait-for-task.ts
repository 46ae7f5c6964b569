import { setTimeout as sleep } from 'node:timers/promises';
import { isEnded, type TaskRecord } from '@tracepost/contracts';
import { segment } from './api-client.ts';
import type { CommandContext } from './command.ts';
import { CommandFailure, EXIT, type ExitCode, InterruptedError } from './failures.ts';
import { formatMs } from './time-span.ts';

export interface WaitOptions {
  readonly taskId: string;
  /** Until it is given up; the task goes on all the same. */
  readonly atMostMs: number;
}

export const WAIT_AT_MOST_MS = 3_600_000;
/** So long the gateway may be away, or not yet know of a task that another one has accepted. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 500;

/** The record of a task that has ended. Says on a terminal how far it is. */
export async function waitForTask(
  { api, output, signal }: CommandContext,
  { taskId, atMostMs }: WaitOptions,
): Promise<TaskRecord> {
  const path = `/api/v1/tasks/${segment(taskId)}`;
  const startedOn = performance.now();
  const waitedMs = (): number => performance.now() - startedOn;
  let heardAtMs = 0;
  let known: TaskRecord | null = null;
  for (;;) {
    const leftMs = atMostMs - waitedMs();
    if (leftMs <= 0) {
      const sentence = `The task has not ended within ${formatMs(atMostMs)}; it goes on: tracepost task ${taskId}`;
      throw new CommandFailure('wait_over', sentence);
    }
    output.progress(`${known ? describe(known) : 'accepted'} · ${formatMs(Math.floor(waitedMs() / 1000) * 1000)}`);
    // Short rounds, so that what is shown is what it does now.
    const seconds = Math.max(1, Math.min(2, Math.floor(leftMs / 1000)));
    try {
      known = await api.call<TaskRecord>(path, { headers: { prefer: `wait=${seconds}` } });
      heardAtMs = waitedMs();
      if (isEnded(known.status)) {
        output.clear();
        return known;
      }
    } catch (error) {
      if (error instanceof InterruptedError) {
        throw new InterruptedError(`Waiting was interrupted; the task goes on: tracepost task ${taskId}`);
      }
      if (!mayPass(error) || waitedMs() - heardAtMs > PATIENCE_MS) throw error;
      output.progress(`${error instanceof Error ? error.message : error}`);
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
    }
  }
}

/** A task that was waited for and did not succeed is a failure, for scripts. */
export function exitCodeOf({ status }: Pick<TaskRecord, 'status'>): ExitCode {
  return status === 'succeeded' ? EXIT.done : EXIT.failed;
}

function mayPass(error: unknown): boolean {
  return error instanceof CommandFailure && (error.isRetryable || error.reason === 'TASK_NOT_FOUND');
}

function describe({ status, step, attempts }: TaskRecord): string {
  const attempt = attempts.length > 1 ? ` (attempt ${attempts.length})` : '';
  return `${status}${attempt}${step ? ` · ${step}` : ''}`;
}
