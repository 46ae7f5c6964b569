import type { OutgoingNotification } from '@tracepost/messaging';

/** The agent of the benchmarks, and the queues that a round fills. */
export const AGENT_ID = 'bench';
export const NOTIFICATION_TYPE = 'bench.work';
export const AGENT_QUEUE = `agent.${AGENT_ID}`;

/** Arguments of an agent's queue, so that the bare baseline publishes to the very same kind. */
export const AGENT_QUEUE_ARGUMENTS = {
  'x-queue-type': 'quorum',
  'x-max-length': 100_000,
  'x-overflow': 'reject-publish',
  'x-delivery-limit': 5,
} as const;

const DATA = { text: 'x'.repeat(640) };

/** A notification whose message body has about one kilobyte. */
export function notification(taskId: string, notificationType = NOTIFICATION_TYPE): OutgoingNotification {
  return {
    agentId: AGENT_ID,
    taskId,
    notificationType,
    data: DATA,
    source: 'bench',
    correlationId: 'bench',
    sessionId: null,
    tenantId: 'default',
    priority: 'normal',
    timeoutMs: null,
    budget: null,
    parentTaskId: null,
    depth: 0,
  };
}

/** A request of about one kilobyte. */
export const REQUEST: string = JSON.stringify({
  notificationType: NOTIFICATION_TYPE,
  source: 'bench',
  payload: { text: 'x'.repeat(900) },
});
