import { RecordsRefusedError } from '@tracepost/stores';

/** JSON for a text column: NUL and lone surrogates stand in it escaped, so that both databases take it. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    // For example a result that is nested too deep.
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RecordsRefusedError(`A value cannot be written as JSON, nothing was stored: ${reason}`, { cause });
  }
}
