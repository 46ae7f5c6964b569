import type { AttributeValue, Origin } from '@tracepost/contracts';

/**
 * A text that can be a tag in InfluxDB: on one line and without a backslash at its end, since line protocol cannot
 * write either, and in UTF-8. Every store keeps the cleaned form, so that all answer the same.
 */
export function label(value: AttributeValue): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text
    .toWellFormed()
    .replace(/\p{Cc}/gu, ' ')
    .replace(/\\+$/, '');
}

/** Whether it may stand as it is in the name or the value of an attribute: no store has any other. */
export function isStorableText(text: string): boolean {
  return label(text) === text;
}

export function serviceOf({ service }: Origin): string {
  return label(service) || 'unknown_service';
}
