import { TASK_EVENT_KINDS, taskEventKey } from '@tracepost/contracts';
import type { DurableQueueSpec, Topology } from './broker.ts';
import { RETRY_DELAYS, type RetryDelay } from './retry-delays.ts';

export const AGENTS_EXCHANGE = 'agents';
export const EVENTS_EXCHANGE = 'events';
/** For what is said to all workers of an agent while they work: `control.ts`. */
export const CONTROL_EXCHANGE = 'control';
export const RECORDER_QUEUE = 'recorder';
export const ANALYST_QUEUE = 'analyst';
/** Keeps what the analyst cannot read or store, or what it died of too often, until somebody has looked at it. */
export const ANALYST_PARKED_QUEUE = 'analyst.parked';
export const RECORD_EVENT_KEY = 'record.event';
export const RECORD_METRIC_KEY = 'record.metric';

/**
 * A net under the inbox, which gives a task up after five crashes of its own. The broker also counts messages that only waited for
 * their turn when their worker died: at five, a poison message would take those with it that are delivered beside it each time.
 */
export const DELIVERY_LIMIT = 20;
/** Messages. */
export const QUEUE_LENGTH_LIMIT = 100_000;

export function agentQueueName(agentId: string): string {
  return `agent.${agentId}`;
}

export function deadLetterQueueName(agentId: string): string {
  return `agent.${agentId}.dead`;
}

export function retryQueueName(agentId: string, delay: RetryDelay['name']): string {
  return `agent.${agentId}.retry.${delay}`;
}

/** What publisher and worker of one agent both declare. Arguments are final: an existing queue cannot change them. */
export function agentTopology(agentId: string): Topology {
  const queue: DurableQueueSpec = {
    kind: 'durable',
    name: agentQueueName(agentId),
    maxLength: QUEUE_LENGTH_LIMIT,
    deliveryLimit: DELIVERY_LIMIT,
    deadLetterQueue: deadLetterQueueName(agentId),
  };
  return {
    exchanges: [
      { name: AGENTS_EXCHANGE, type: 'direct' },
      { name: CONTROL_EXCHANGE, type: 'topic' },
    ],
    queues: [{ kind: 'durable', name: deadLetterQueueName(agentId) }, queue, ...retryQueues(agentId)],
    bindings: [{ queue: queue.name, exchange: AGENTS_EXCHANGE, key: queue.name }],
  };
}

/** Nobody consumes from them: what has waited long enough goes back to the agent's queue. */
function retryQueues(agentId: string): DurableQueueSpec[] {
  return RETRY_DELAYS.map(({ name, ms }) => ({
    kind: 'durable',
    name: retryQueueName(agentId, name),
    maxLength: QUEUE_LENGTH_LIMIT,
    messageTtlMs: ms,
    deadLetterQueue: agentQueueName(agentId),
  }));
}

/** The topic exchange for task events and announcements, and the recorder's queue on it. */
export function eventsTopology(): Topology {
  return {
    exchanges: [{ name: EVENTS_EXCHANGE, type: 'topic' }],
    queues: [{ kind: 'durable', name: RECORDER_QUEUE }],
    bindings: [
      { queue: RECORDER_QUEUE, exchange: EVENTS_EXCHANGE, key: 'task.#' },
      { queue: RECORDER_QUEUE, exchange: EVENTS_EXCHANGE, key: 'agent.announce.#' },
    ],
  };
}

/**
 * What others tell of: the analyst's queue on the topic exchange. Who tells declares it too, so that what is confirmed waits there
 * for an analyst that has not been started yet.
 */
export function recordingTopology(): Topology {
  return {
    exchanges: [{ name: EVENTS_EXCHANGE, type: 'topic' }],
    queues: [
      { kind: 'durable', name: ANALYST_PARKED_QUEUE, maxLength: QUEUE_LENGTH_LIMIT },
      {
        kind: 'durable',
        name: ANALYST_QUEUE,
        maxLength: QUEUE_LENGTH_LIMIT,
        deliveryLimit: DELIVERY_LIMIT,
        deadLetterQueue: ANALYST_PARKED_QUEUE,
      },
    ],
    bindings: [
      { queue: ANALYST_QUEUE, exchange: EVENTS_EXCHANGE, key: RECORD_EVENT_KEY },
      { queue: ANALYST_QUEUE, exchange: EVENTS_EXCHANGE, key: RECORD_METRIC_KEY },
    ],
  };
}

/**
 * One gateway's own view of what happens, for waiting clients: nothing is kept for a gateway that is gone. Without
 * `accepted`: a gateway knows what it accepted itself, and hearing it again from the broker would cost it a third of its speed.
 */
export function liveTopology(queue: string): Topology {
  return {
    exchanges: [{ name: EVENTS_EXCHANGE, type: 'topic' }],
    queues: [{ kind: 'transient', name: queue, maxLength: QUEUE_LENGTH_LIMIT }],
    bindings: [
      ...LIVE_KINDS.map((kind) => ({ queue, exchange: EVENTS_EXCHANGE, key: taskEventKey('*', kind) })),
      { queue, exchange: EVENTS_EXCHANGE, key: 'agent.announce.#' },
    ],
  };
}

/** One worker's ear for the agents that it hosts: what is said while nobody listens is not meant for anybody. */
export function controlTopology(queue: string, agentIds: readonly string[]): Topology {
  return {
    exchanges: [{ name: CONTROL_EXCHANGE, type: 'topic' }],
    queues: [{ kind: 'transient', name: queue, maxLength: CONTROL_LENGTH_LIMIT }],
    bindings: agentIds.map((agentId) => ({ queue, exchange: CONTROL_EXCHANGE, key: cancelKey(agentId) })),
  };
}

export function cancelKey(agentId: string): string {
  return `task.${agentId}.cancel`;
}

const CONTROL_LENGTH_LIMIT = 10_000;
const LIVE_KINDS = TASK_EVENT_KINDS.filter((kind) => kind !== 'accepted');
