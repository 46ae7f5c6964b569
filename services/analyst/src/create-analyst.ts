import type { LogSignal, MetricSignal, SignalBatch, SignalSink, SinkAnswer, SpanSignal } from '@tracepost/contracts';
import { checkSignals, Refusals } from '@tracepost/otlp-receiver';
import type { LogStore, MetricStore } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import { countTaken } from './count-taken.ts';
import { redactBatch } from './redact-batch.ts';
import type { SamplingRules } from './sampling/sampling-rules.ts';
import { createTraceSampler } from './sampling/trace-sampler.ts';
import type { SeenBefore } from './seen-before.ts';
import { createSeriesCap, type SeriesCap } from './series/series-cap.ts';
import { type AnalystLimits, DEFAULT_LIMITS } from './series/series-settings.ts';
import { createServiceCap, type ServiceCap } from './series/service-cap.ts';
import type { SessionDesk } from './sessions/session-desk.ts';
import { createSessionGatherer } from './sessions/session-gatherer.ts';
import { spansAsSent } from './sessions/spans-as-sent.ts';
import { type SpanStores, spanWriter } from './span-writer.ts';
import { createStoreWatch, type StoreState } from './store-watch.ts';
import { storeWriter } from './store-writer.ts';
import { createTraceCap } from './trace-cap.ts';

export interface AnalystOptions extends SpanStores {
  readonly logs: Pick<LogStore, 'writeLogs'>;
  readonly metrics: Pick<MetricStore, 'writeMetrics'>;
  readonly telemetry: Telemetry;
  /** Where signals come over a network, and may come twice; null where nothing can be sent twice. */
  readonly seen?: SeenBefore | null;
  /** Which traces are written to `traces`; null for all. What a trace is found by is not sampled. */
  readonly sampling?: SamplingRules | null;
  /** Spans that wait for a decision, or for the store after it; 100,000. */
  readonly maxHeldSpans?: number;
  /** The same in characters, about; 128 Mi. */
  readonly maxHeldCharacters?: number;
  /** Of metrics, and how many services are told apart; a series costs a store memory for as long as it is kept. */
  readonly seriesLimits?: AnalystLimits;
  /** Of one trace; 50,000, of which an answer shows the first 10,000. */
  readonly maxSpansOfTrace?: number;
  /** Where sessions that spans tell of are brought, opened when the first is there; null or absent: they are not told of. */
  readonly openSessionDesk?: (() => Promise<SessionDesk>) | null;
  readonly now?: () => number;
}

export interface Analyst {
  readonly sink: SignalSink;
  /** Which stores take what they are given, for the health check. */
  readonly stores: StoreState;
  /** Writes what is held back until its trace is decided on, and from now on holds nothing: before telemetry says its last. */
  settle(): Promise<void>;
  /** Waits for what is being written; whoever comes after that is told `later`. Safe to call twice. */
  close(): Promise<void>;
}

const REFUSED_WHILE_FULL: SinkAnswer = { status: 'later', reason: 'too many spans wait', retryAfterMs: 1_000 };
const REFUSED_WHILE_CLOSING: SinkAnswer = { status: 'later', reason: 'closing', retryAfterMs: 1_000 };

/**
 * Every signal's one way in: checked, redacted, stored, and what was refused counted by reason. It makes metrics about itself and never
 * spans, and says in one line when a store stops or begins again to take: anything more would feed itself.
 */
export function createAnalyst(options: AnalystOptions): Analyst {
  const { logs, metrics, telemetry, seen = null, seriesLimits = DEFAULT_LIMITS, now = Date.now } = options;
  const { sampling = null, traces, maxHeldSpans = 100_000, maxSpansOfTrace = 50_000 } = options;
  const { maxHeldCharacters = 128 * 1024 ** 2 } = options;
  const sampler =
    sampling === null || traces === null
      ? null
      : createTraceSampler({
          traces,
          rules: sampling,
          maxSpans: maxHeldSpans,
          maxCharacters: maxHeldCharacters,
          telemetry,
        });
  const writeSpans = spanWriter(sampler ? { ...options, traces: null } : options, now);
  const watch = createStoreWatch(telemetry.logger);
  const services = createServiceCap({ most: seriesLimits.services, now });
  const caps = { services, series: createSeriesCap({ limits: seriesLimits, services, telemetry, now }) };
  const traceCap = createTraceCap({ maxSpans: maxSpansOfTrace });
  const { openSessionDesk: openDesk = null } = options;
  const sessions = openDesk && createSessionGatherer({ openDesk, telemetry });
  const underWay = new Set<Promise<SinkAnswer>>();
  let isClosing = false;

  const accept = async (sent: SignalBatch): Promise<SinkAnswer> => {
    let admitted: readonly SpanSignal[] = [];
    try {
      return await take(sent, (spans) => {
        admitted = spans;
      });
    } finally {
      traceCap.release(admitted);
    }
  };

  const take = async (sent: SignalBatch, onAdmitted: (spans: readonly SpanSignal[]) => void): Promise<SinkAnswer> => {
    const batch = seen?.unseen(sent) ?? sent;
    if (sampler && batch.spans.length > 0 && !sampler.hasRoom) return REFUSED_WHILE_FULL;
    const refused = new Refusals();
    const { spans: sound, logs: records, metrics: points } = await clean(batch, now(), caps, refused);
    const spans = await traceCap.admit(sound, refused);
    onAdmitted(spans);
    const writers = [
      storeWriter('spans', spans, writeSpans),
      storeWriter('logs', records, (items) => logs.writeLogs(items)),
      storeWriter('metrics', points, (items) => metrics.writeMetrics(items)),
    ].filter(({ count }) => count > 0);

    const answers = await Promise.all(writers.map((writer) => writer.write()));
    for (const [at, answer] of answers.entries()) watch.note(writers[at]?.signal ?? 'spans', answer);
    // What other stores have taken comes again with the rest: writing twice changes nothing, and is counted once.
    const later = answers.find((answer) => answer.status === 'later');
    if (later) return later;

    for (const answer of answers) if (answer.status === 'taken') refused.addAll(answer.refused);
    traceCap.remember(spans);
    // Asked again: the same may have been under way twice.
    const taken = seen?.unseen(batch) ?? batch;
    countTaken(telemetry, { sent, taken, refused: refused.list(), heldSpans: sampler ? spans.length : 0 });
    sampler?.take(spans);
    sessions?.takeWords(batch.logs);
    sessions?.take(spansAsSent(batch.spans, spans));
    seen?.remember(batch);
    await sampler?.written();
    return { status: 'taken', refused: refused.list() };
  };

  return {
    sink: {
      accept: (batch) => {
        if (isClosing) return Promise.resolve(REFUSED_WHILE_CLOSING);
        const answer = accept(batch).finally(() => underWay.delete(answer));
        underWay.add(answer);
        return answer;
      },
    },
    stores: watch.state,
    settle: async () => {
      await Promise.all([sampler?.settle(), sessions?.settle()]);
    },
    close: async () => {
      isClosing = true;
      await Promise.allSettled([...underWay]);
      await Promise.all([sampler?.close(), sessions?.close()]);
    },
  };
}

/** Of a large batch, looked at without asking for the time, and how long until others get their turn: some signals are tiny, others huge. */
const SIGNALS_PER_STEP = 100;
const TURN_MS = 20;

interface Caps {
  readonly services: ServiceCap;
  readonly series: SeriesCap;
}

async function clean(batch: SignalBatch, nowMs: number, caps: Caps, refused: Refusals): Promise<SignalBatch> {
  const cleaned = { spans: [] as SpanSignal[], logs: [] as LogSignal[], metrics: [] as MetricSignal[] };
  const longest = Math.max(batch.spans.length, batch.logs.length, batch.metrics.length);
  let turnBegan = performance.now();
  for (let at = 0; at < longest; at += SIGNALS_PER_STEP) {
    if (performance.now() - turnBegan > TURN_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      turnBegan = performance.now();
    }
    const slice = <T>(signals: readonly T[]): readonly T[] => signals.slice(at, at + SIGNALS_PER_STEP);
    const part = { spans: slice(batch.spans), logs: slice(batch.logs), metrics: slice(batch.metrics) };
    const safe = redactBatch(checkSignals(part, nowMs, refused));
    const { spans, logs } = caps.services.apply(safe);
    cleaned.spans.push(...spans);
    cleaned.logs.push(...logs);
    cleaned.metrics.push(...caps.series.apply(safe.metrics, refused));
  }
  return cleaned;
}
