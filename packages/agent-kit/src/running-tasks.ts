import { CancelledError } from './failures.ts';

export interface RunningTask {
  /** Aborted with a `CancelledError` by request; with another reason when the worker stops or the broker took the message back. */
  readonly signal: AbortSignal;
  end(): void;
}

/** What this worker has in hand, so that it can be told to let go. */
export interface RunningTasks {
  /** From before its claim until it is settled: who asks for its end meanwhile is heard. */
  begin(agentId: string, taskId: string, lost: AbortSignal): RunningTask;
  /** False when the task is not in hand here. */
  cancel(agentId: string, taskId: string, by: string): boolean;
  /** For all, and for those that begin later. */
  stop(): void;
  readonly isStopped: boolean;
}

export function createRunningTasks(): RunningTasks {
  // A second copy of a message may be in hand beside the first, until it is known to be one.
  const inHand = new Map<string, Set<AbortController>>();
  const stopped = new Error('the worker is stopping');
  let isStopped = false;

  return {
    begin(agentId, taskId, lost) {
      const name = nameOf(agentId, taskId);
      const controller = new AbortController();
      const siblings = inHand.get(name) ?? new Set();
      inHand.set(name, siblings.add(controller));
      const onLost = () => controller.abort(new Error('the broker took the message back'));
      lost.addEventListener('abort', onLost, { once: true });
      if (lost.aborted) onLost();
      if (isStopped) controller.abort(stopped);
      return {
        signal: controller.signal,
        end() {
          lost.removeEventListener('abort', onLost);
          siblings.delete(controller);
          if (siblings.size === 0 && inHand.get(name) === siblings) inHand.delete(name);
        },
      };
    },
    cancel(agentId, taskId, by) {
      const found = inHand.get(nameOf(agentId, taskId));
      for (const controller of found ?? []) controller.abort(new CancelledError(by));
      return found !== undefined;
    },
    stop() {
      isStopped = true;
      for (const controllers of inHand.values()) for (const controller of controllers) controller.abort(stopped);
    },
    get isStopped() {
      return isStopped;
    },
  };
}

function nameOf(agentId: string, taskId: string): string {
  return `${agentId}\n${taskId}`;
}
