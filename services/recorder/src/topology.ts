import { eventsTopology, QUEUE_LENGTH_LIMIT, type Topology } from '@tracepost/messaging';

/** Keeps what the recorder cannot read or store, with the header `x-park-reason`, until somebody has looked at it. */
export const PARKED_QUEUE = 'recorder.parked';

export function recorderTopology(): Topology {
  const events = eventsTopology();
  return {
    ...events,
    queues: [...(events.queues ?? []), { kind: 'durable', name: PARKED_QUEUE, maxLength: QUEUE_LENGTH_LIMIT }],
  };
}
