import type { Telemetry } from '@tracepost/telemetry';

/** Counts and tells messages that nobody will ever get, once, when they are forgotten. `queue` is null when nobody knows where they were. */
export function tellLost({ logger, metrics }: Telemetry, queue: string | null, count: number): void {
  metrics.add('tracepost.messages.parked', count, {
    'tracepost.queue': queue ?? 'unknown',
    'tracepost.reason': 'damaged_file',
  });
  const [whose, what] =
    queue === null ? ['a queue that nobody knows any more', 'where they were to go'] : [queue, 'what they said'];
  logger.error(
    { layer: 'queue', result: 'error', queue, count },
    `${count} messages of ${whose} were lost: ${what} lay in a part of the queue file that cannot be read any more`,
  );
}
