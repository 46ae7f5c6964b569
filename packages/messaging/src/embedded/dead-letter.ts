import type { IncomingMessage } from '../broker.ts';

/** It came back too often, or waited as long as it may. RabbitMQ's words. */
export type DeathReason = 'delivery_limit' | 'expired';

/** One line of `x-death`, as RabbitMQ writes it; `time` in the form in which its clients read a timestamp. */
interface Death {
  readonly reason: string;
  readonly queue: string;
  readonly exchange: string;
  readonly 'routing-keys': readonly string[];
  readonly count: number;
  readonly time: { readonly '!': 'timestamp'; readonly value: number };
}

/** The message as its dead-letter queue gets it: sent there through the default exchange, with its death in the headers. */
export function deadLetter(
  message: IncomingMessage,
  queue: string,
  deadLetterQueue: string,
  reason: DeathReason,
): IncomingMessage {
  const { headers, exchange, routingKey } = message;
  const deaths = Array.isArray(headers['x-death']) ? (headers['x-death'] as Death[]) : [];
  const isSame = (death: Death) => death.queue === queue && death.reason === reason;
  const death: Death = {
    reason,
    queue,
    exchange,
    'routing-keys': [routingKey],
    count: (deaths.find(isSame)?.count ?? 0) + 1,
    time: { '!': 'timestamp', value: Math.floor(Date.now() / 1_000) },
  };
  return {
    ...message,
    exchange: '',
    routingKey: deadLetterQueue,
    headers: {
      'x-first-death-reason': reason,
      'x-first-death-queue': queue,
      'x-first-death-exchange': exchange,
      ...headers,
      'x-last-death-reason': reason,
      'x-last-death-queue': queue,
      'x-last-death-exchange': exchange,
      'x-death': [death, ...deaths.filter((other) => !isSame(other))],
    },
  };
}
