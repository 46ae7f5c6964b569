import type { AttributeValue, Origin } from '@tracepost/contracts';

/**
 * A text that can be a tag in InfluxDB: on one line and without a backslash at its end, since line protocol cannot
 * write either. Every store keeps the cleaned form, so that all answer the same.
 */
export function label(value: AttributeValue): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replace(/\p{Cc}/gu, ' ').replace(/\\+$/, '');
}

export function serviceOf({ service }: Origin): string {
  return label(service) || 'unknown_service';
}
