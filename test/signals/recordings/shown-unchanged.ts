import type { SpanView } from '@tracepost/contracts';
import { type Difference, differencesOf } from '../compare.ts';

const MASK = '****';
const TRUNCATED = 'tracepost.truncated';
/** The collector's list of keys whose value is nobody's business. */
const DENIED = /(^|[._-])(password|passwd|secret|authorization|cookie|set-cookie|api[_-]?key|access[_-]?token)$/i;

/**
 * Where a shown span says something else than was sent, but for: what is masked; what was cut, when the span says so; lists and maps that
 * Jaeger keeps as their JSON text; an `error: true`, which it takes for the status.
 */
export function faultsOf(sent: SpanView, shown: SpanView): Difference[] {
  const isCut = shown.attributes[TRUNCATED] === true;
  const { [TRUNCATED]: _flag, ...attributes } = shown.attributes;
  return differencesOf(sent, { ...shown, attributes }).filter(
    ({ pointer, embedded: before, full: after }) =>
      !(
        isMasked(pointer, before, after) ||
        isJsonOf(before, after) ||
        isErrorFlag(sent, pointer, after) ||
        (isCut && (after === undefined || isBeginning(before, after)))
      ),
  );
}

/** An attribute `error` with the value true becomes the status in Jaeger, as it was in OpenTracing. */
function isErrorFlag(sent: SpanView, pointer: string, after: unknown): boolean {
  if (sent.attributes.error !== true) return false;
  return (pointer === '/status/code' && after === 'error') || (pointer === '/attributes/error' && after === undefined);
}

function isMasked(pointer: string, before: unknown, after: unknown): boolean {
  const key = pointer.split('/').at(-1) ?? '';
  if (after === MASK) return DENIED.test(key) || isSecret(String(before));
  if (typeof before !== 'string' || typeof after !== 'string' || !after.includes(MASK)) return false;
  // What stands around the masks is as it was, and what they hide looks like a secret.
  const around = after.split(MASK).map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const found = new RegExp(`^${around.join('([^]*?)')}$`).exec(before);
  return found?.slice(1).every(isSecret) ?? false;
}

function isSecret(text: string): boolean {
  return text === MASK || /@|^4\d{12,15}$|^bearer\s/i.test(text);
}

function isJsonOf(before: unknown, after: unknown): boolean {
  if (typeof before !== 'object' || typeof after !== 'string') return false;
  try {
    return differencesOf(before, JSON.parse(after)).length === 0;
  } catch {
    return false;
  }
}

function isBeginning(before: unknown, after: unknown): boolean {
  return typeof before === 'string' && typeof after === 'string' && before.startsWith(after) && after.length > 1_000;
}
