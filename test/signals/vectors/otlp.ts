/** OTLP as JSON, built by hand: what any program outside could send. Times are milliseconds since the epoch, made nanoseconds here. */
export type Value =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | readonly Value[]
  | { readonly [key: string]: Value };
export type Json = { readonly [key: string]: unknown };

export interface OtlpRequest {
  readonly signal: 'traces' | 'metrics' | 'logs';
  readonly body: Json;
}

/** A double that happens to be whole: JavaScript cannot tell it from an integer. */
export class Double {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

export function attributes(values: Readonly<Record<string, Value | Double>>): Json[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }));
}

export function anyValue(value: Value | Double): Json {
  if (value instanceof Double) return { doubleValue: value.value };
  if (value === null) return {};
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return { kvlistValue: { values: attributes(value as Readonly<Record<string, Value>>) } };
}

/** With as many nanoseconds more. */
export function nanos(ms: number, more = 0): string {
  return String(BigInt(Math.round(ms * 1_000)) * 1_000n + BigInt(more));
}

export function resource(service: string, more: Readonly<Record<string, Value>> = {}): Json {
  return { attributes: attributes({ 'service.name': service, ...more }) };
}

/** Sends one request the way any program would; throws unless it was taken whole. */
export async function send(otlpHttpUrl: string, { signal, body }: OtlpRequest): Promise<Json> {
  const answer = await post(otlpHttpUrl, signal, JSON.stringify(body));
  if (answer.status !== 200) throw new Error(`${signal}: ${answer.status} ${answer.text}`);
  return JSON.parse(answer.text || '{}') as Json;
}

export async function post(
  otlpHttpUrl: string,
  signal: OtlpRequest['signal'],
  body: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(`${otlpHttpUrl}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal: AbortSignal.timeout(30_000),
  });
  return { status: answer.status, text: await answer.text() };
}
