import type { QueueSpec } from '../broker.ts';

/** How long a message may wait in this queue; null for ever, which it also may when there is no queue to take it. */
export function ttlOf(spec: QueueSpec): number | null {
  if (spec.kind !== 'durable' || spec.deadLetterQueue === undefined) return null;
  return spec.messageTtlMs ?? null;
}
