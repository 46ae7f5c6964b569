import type { EventPublisher, ReceivedNotification } from '@tracepost/messaging';
import type { InboxStore } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import type { AgentActivity } from './agent-activity.ts';
import type { Observer } from './observe-attempt.ts';
import type { AgentRunner } from './runner.ts';
import type { RunningTasks } from './running-tasks.ts';
import type { Suspects } from './suspects.ts';

export interface WorkOptions {
  readonly runner: AgentRunner;
  readonly workerId: string;
  readonly events: EventPublisher;
  readonly telemetry: Telemetry;
  /** Null: nothing is remembered of a task, and a message that comes twice is worked on twice. */
  readonly inbox: InboxStore | null;
  readonly running: RunningTasks;
  readonly suspects: Suspects;
  readonly activity: AgentActivity;
}

/** One delivery of a notification, and who works on it. */
export interface TaskDelivery extends WorkOptions {
  readonly received: ReceivedNotification;
  /** When it was taken from the queue, milliseconds since the epoch. */
  readonly takenAtMs: number;
  /** Aborted with a `CancelledError` by request, with another reason when the delivery has to be let go. */
  readonly signal: AbortSignal;
  readonly observer: Observer;
}
