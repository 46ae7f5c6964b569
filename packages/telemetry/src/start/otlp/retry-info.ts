/**
 * How long the other side wants to be left alone, in milliseconds: `google.rpc.RetryInfo` among the details of a gRPC status, which OTLP uses
 * where HTTP has `Retry-After`. Null when it says nothing, or nothing that can be read.
 * https://opentelemetry.io/docs/specs/otlp/#otlpgrpc-throttling
 */
export function retryInfoMs(statusDetails: Uint8Array): number | null {
  try {
    for (const detail of fieldsOf(statusDetails, STATUS_DETAILS)) {
      const [type] = fieldsOf(detail, ANY_TYPE);
      if (!type || !Buffer.from(type).toString().endsWith('/google.rpc.RetryInfo')) continue;
      const [value] = fieldsOf(detail, ANY_VALUE);
      const [delay] = value ? fieldsOf(value, RETRY_DELAY) : [];
      if (delay) return durationMs(delay);
    }
  } catch {
    // It is a hint, and the next try comes all the same.
  }
  return null;
}

const STATUS_DETAILS = 3;
const ANY_TYPE = 1;
const ANY_VALUE = 2;
const RETRY_DELAY = 1;
const VARINT = 0;
const BYTES = 2;

/** The fields of that number that hold bytes. Throws when the message ends in the middle. */
function fieldsOf(message: Uint8Array, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  walk(message, (field, value) => {
    if (field === wanted && value instanceof Uint8Array) found.push(value);
  });
  return found;
}

/** `google.protobuf.Duration`: seconds and nanoseconds. */
function durationMs(duration: Uint8Array): number | null {
  let ms = 0;
  walk(duration, (field, value) => {
    if (typeof value !== 'number') return;
    if (field === 1) ms += value * 1_000;
    if (field === 2) ms += value / 1_000_000;
  });
  return Number.isFinite(ms) && ms >= 0 ? ms : null;
}

function walk(message: Uint8Array, take: (field: number, value: number | Uint8Array) => void): void {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = message[at];
      if (byte === undefined) throw new RangeError('the message ends in the middle');
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number has too many bytes');
  };
  while (at < message.length) {
    const tag = varint();
    const wireType = tag & 7;
    if (wireType === VARINT) take(tag >>> 3, varint());
    else if (wireType === BYTES) {
      const length = varint();
      if (at + length > message.length) throw new RangeError('the message ends in the middle');
      take(tag >>> 3, message.subarray(at, at + length));
      at += length;
    } else throw new RangeError('not a field of a status');
  }
}
