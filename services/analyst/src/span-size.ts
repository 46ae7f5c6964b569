import type { SpanSignal } from '@tracepost/contracts';

/** What a span takes while it waits, about, in characters: texts are what makes one large. */
export function sizeOf({ attributes, events }: SpanSignal): number {
  let size = 500;
  for (const name in attributes) size += lengthOf(attributes[name]);
  for (const event of events) for (const name in event.attributes) size += lengthOf(event.attributes[name]);
  return size;
}

export function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  return typeof value === 'object' && value !== null ? (JSON.stringify(value)?.length ?? 0) : 8;
}
