import type { Observation } from '@tracepost/telemetry';
import { ttlOf } from './due.ts';
import type { Queue } from './queue.ts';

/**
 * How many messages lie in each lasting queue, by state. What waits for its time counts as `delayed` of the queue that it
 * will go to: the many delay queues would be a series each. Live feeds too, whose names are new at every start.
 */
export function depthsOf(queues: Iterable<Queue>): Observation<'tracepost.queue.depth'>[] {
  const depths: Observation<'tracepost.queue.depth'>[] = [];
  const delayed = new Map<string, number>();
  for (const queue of queues) {
    const { spec } = queue;
    if (spec.kind !== 'durable') continue;
    if (ttlOf(spec) === null) {
      depths.push(depth(queue.name, 'ready', queue.ready), depth(queue.name, 'unacknowledged', queue.unacknowledged));
    } else if (spec.deadLetterQueue !== undefined) {
      delayed.set(spec.deadLetterQueue, (delayed.get(spec.deadLetterQueue) ?? 0) + queue.ready);
    }
  }
  for (const [name, count] of delayed) depths.push(depth(name, 'delayed', count));
  return depths;
}

function depth(queue: string, state: string, value: number): Observation<'tracepost.queue.depth'> {
  return { value, attributes: { 'tracepost.queue': queue, 'tracepost.queue.state': state } };
}
