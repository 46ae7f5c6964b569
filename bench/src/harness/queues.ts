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

/** A request of about one kilobyte. */
export const REQUEST: string = JSON.stringify({
  notificationType: NOTIFICATION_TYPE,
  source: 'bench',
  payload: { text: 'x'.repeat(900) },
});
