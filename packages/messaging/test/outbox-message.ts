import type { OutgoingMessage } from '../src/broker.ts';

export function message(id: string, agentId = 'a', size = 10): OutgoingMessage {
  return {
    exchange: 'agents',
    routingKey: `agent.${agentId}`,
    mandatory: true,
    body: Buffer.alloc(size, `${id} `),
    headers: { traceparent: 'tp', 'x-published-at-ms': 5 },
    messageId: id,
    type: 't',
    appId: 'app',
    correlationId: 'c',
    timestamp: 7,
    priority: 8,
    contentType: 'application/json',
  };
}
