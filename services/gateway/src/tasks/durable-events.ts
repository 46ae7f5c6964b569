import type { Broker, OutgoingMessage, PublishOutcome } from '@tracepost/messaging';
import type { Outbox } from '@tracepost/messaging/outbox';

/** No agent can be called this. */
const LANE = { agentId: '#events' };

/** A way for events that waits for the broker with the notifications: what was accepted while it was away has its record, too. */
export function sendEventsThrough(outbox: Outbox): Pick<Broker, 'publish'> {
  return { publish: async (message: OutgoingMessage) => asPublished(await outbox.send(message, LANE)) };
}

function asPublished(outcome: Awaited<ReturnType<Outbox['send']>>): PublishOutcome {
  switch (outcome.status) {
    case 'stored':
      return { status: 'confirmed' };
    case 'full':
    case 'unavailable':
      return { status: 'unreachable', reason: outcome.reason };
    default:
      return outcome;
  }
}
