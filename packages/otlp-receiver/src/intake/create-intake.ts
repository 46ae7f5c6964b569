import type { Refusal, SignalName, SignalSink, SinkAnswer } from '@tracepost/contracts';
import type { Telemetry } from '@tracepost/telemetry';
import { type Format, readRequest } from '../decode/read-request.ts';
import { MAX_JSON_BYTES, MAX_REQUEST_BYTES } from '../limits.ts';
import { Refusals } from '../refusals.ts';
import { ByteBudget } from './byte-budget.ts';
import { createRefusalLog, type RefusalLog } from './refusal-log.ts';
import { Slots } from './slots.ts';

export interface ReceiverLimits {
  /** Of one request, as sent and inflated: 20 MiB. */
  readonly maxRequestBytes: number;
  /** The same of one in JSON: 4 MiB. */
  readonly maxJsonBytes: number;
  /** Of all requests under way together: 24 MiB; past it senders are told to come again. */
  readonly maxBytesUnderWay: number;
  /** Of each protocol: 200. */
  readonly maxConnections: number;
  /** Until a request has come in whole: 30 s. */
  readonly requestTimeoutMs: number;
}

const DEFAULTS: ReceiverLimits = {
  maxRequestBytes: MAX_REQUEST_BYTES,
  maxJsonBytes: MAX_JSON_BYTES,
  maxBytesUnderWay: 24 * 1_024 * 1_024,
  maxConnections: 200,
  requestTimeoutMs: 30_000,
};

export interface IntakeOptions {
  readonly sink: SignalSink;
  readonly telemetry: Telemetry;
  readonly limits?: Partial<ReceiverLimits> | undefined;
}

export type Outcome =
  | { readonly status: 'taken'; readonly refused: readonly Refusal[] }
  | { readonly status: 'malformed'; readonly message: string }
  | { readonly status: 'later'; readonly message: string; readonly retryAfterMs: number };

/** What both protocols share: one budget of bytes, one record of what was refused, one way to the sink. */
export interface Intake {
  readonly limits: ReceiverLimits;
  readonly budget: ByteBudget;
  readonly refusals: RefusalLog;
  /** Decodes an inflated request and hands it on. Never rejects. */
  take(request: { readonly signal: SignalName; readonly format: Format; readonly bytes: Buffer }): Promise<Outcome>;
  maxBytesOf(format: Format): number;
}

/** Requests that are decoded at a time: each weighs several times what it does on the wire, JSON more than that. */
const DECODED_AT_A_TIME = 2;
const JSON_AT_A_TIME = 1;

export function createIntake({ sink, telemetry, limits: given }: IntakeOptions): Intake {
  const limits = { ...DEFAULTS, ...given };
  const refusals = createRefusalLog(telemetry);
  const slots = { protobuf: new Slots(DECODED_AT_A_TIME), json: new Slots(JSON_AT_A_TIME) };

  const take: Intake['take'] = async ({ signal, format, bytes }) => {
    // Counted here; what the sink refuses, it counts itself.
    const unread = new Refusals();
    const refused = new Refusals();
    const parts = readRequest({ signal, format, bytes, refused: unread });
    try {
      for await (const part of parts) {
        const answer = await handOn(sink, part);
        // What was handed on before comes again with the rest: taking it twice changes nothing.
        if (answer.status === 'later') return later(answer.reason, answer.retryAfterMs);
        refused.addAll(answer.refused);
      }
    } catch (error) {
      refusals.note('malformed');
      const why = error instanceof Error ? error.message : 'it cannot be read';
      return { status: 'malformed', message: `the body is no OTLP request of ${signal}: ${why}` };
    }
    refusals.count(unread.list());
    unread.addAll(refused.list());
    return { status: 'taken', refused: unread.list() };
  };

  return {
    limits,
    refusals,
    budget: new ByteBudget(limits.maxBytesUnderWay),
    take: (request) => slots[request.format].run(() => take(request)),
    maxBytesOf: (format) =>
      format === 'json' ? Math.min(limits.maxJsonBytes, limits.maxRequestBytes) : limits.maxRequestBytes,
  };
}

const RETRY_AFTER_MS = 1_000;

/** A sink that throws is a sink that cannot take anything now. */
async function handOn(sink: SignalSink, part: Parameters<SignalSink['accept']>[0]): Promise<SinkAnswer> {
  try {
    return await sink.accept(part);
  } catch {
    return { status: 'later', reason: 'the request could not be handled', retryAfterMs: RETRY_AFTER_MS };
  }
}

function later(message: string, retryAfterMs: number): Outcome {
  return { status: 'later', message, retryAfterMs };
}
