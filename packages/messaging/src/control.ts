import { type ControlMessage, faultOfControlMessage } from '@tracepost/contracts';
import type { Broker, IncomingMessage, PublishOutcome } from './broker.ts';
import { CONTROL_EXCHANGE, cancelKey } from './topology.ts';

export interface ControlPublisher {
  /** Never throws. `confirmed` when the broker has given it to every worker that listens, which may be none. */
  publish(message: ControlMessage): Promise<PublishOutcome>;
}

/** Speaks to all workers of an agent; nothing is kept for those that are away, so what has to last stands in the inbox. */
export function createControlPublisher({ broker }: { readonly broker: Broker }): ControlPublisher {
  return {
    publish: (message) =>
      broker.publish({
        exchange: CONTROL_EXCHANGE,
        routingKey: cancelKey(message.agentId),
        mandatory: false,
        body: Buffer.from(JSON.stringify(message)),
        headers: {},
        type: `control.${message.action}`,
        timestamp: Math.floor(Date.now() / 1000),
        contentType: 'application/json',
      }),
  };
}

export type ReadControl =
  | { readonly status: 'read'; readonly control: ControlMessage }
  | { readonly status: 'unreadable'; readonly reason: string };

/** Never throws. Who is asked to cancel is the agent of the routing key: a message cannot speak for another one. */
export function readControl(message: IncomingMessage): ReadControl {
  const content = parse(message.body);
  const fault = faultOfControlMessage(content);
  if (fault !== null) return { status: 'unreadable', reason: fault };
  const control = content as ControlMessage;
  if (message.routingKey !== cancelKey(control.agentId)) {
    return { status: 'unreadable', reason: `it names ${control.agentId} and was sent to another agent` };
  }
  return { status: 'read', control };
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
