import type { SignalName } from '@tracepost/contracts';
import type { MetricPoint } from '@tracepost/stores';
import { type CollectorFacts, SIGNALS } from './ledger-rows.ts';
import { createSeriesTotals, type SeriesTotal, type SeriesTotals } from './series-totals.ts';

type Read = (name: string) => Promise<MetricPoint[]>;
type Bounds = Parameters<SeriesTotals['take']>[1];

/** What the OpenTelemetry collector tells of itself, in the names of its own metrics; null where there is none. */
export interface CollectorWatch {
  look(read: Read, bounds: Bounds): Promise<Readonly<Record<SignalName, CollectorFacts>> | null>;
}

const ITEMS = { spans: 'spans', logs: 'log_records', metrics: 'metric_points' } as const;
/** The names of its exporters in otel-collector.yaml. */
const TO_ANALYST = 'otlp_http/analyst';
const TO_JAEGER = 'otlp_grpc/jaeger';
/** That of its processor behind the sampling, in deploy/sampling/otel-collector.yaml. */
const KEPT = 'transform/kept';
/** Embedded there is none: asked all the same, but not with every look. A new collector is seen within three of them. */
const LOOKS_BETWEEN = 3;

export function createCollectorFacts(): CollectorWatch {
  const totals = new Map<string, SeriesTotals>();
  const passed = createSeriesTotals();
  let queues: readonly MetricPoint[] = [];
  let isThere = false;
  let isSampling = false;
  let looks = 0;

  return {
    async look(read, bounds) {
      looks += 1;
      if (!isThere && looks % LOOKS_BETWEEN !== 1) return null;
      const accepted = await read('otelcol_receiver_accepted_metric_points');
      isThere ||= accepted.length > 0;
      if (!isThere) return null;
      // The collector reports at other times than our processes, so that its newest word counts.
      const all = { ...bounds, until: Number.POSITIVE_INFINITY };
      // Before the counters: a report between the two must not make a queue emptier than what had left it by then.
      queues = await read('otelcol_exporter_queue_size');
      for (const items of Object.values(ITEMS)) {
        for (const name of namesOf(items)) {
          const series = totals.get(name) ?? createSeriesTotals();
          totals.set(name, series);
          series.take(await read(name), all);
        }
      }
      isSampling ||= (await read('otelcol_processor_tail_sampling_new_trace_id_received')).length > 0;
      // Not beyond the word on the queue: what was kept since may wait in it.
      const until = queueOf(newestOf(queues, 'spans', TO_JAEGER))?.toldAt ?? all.until;
      if (isSampling) passed.take(await read('otelcol_processor_outgoing_items'), { ...all, until });
      const facts = SIGNALS.map((signal): [SignalName, CollectorFacts] => [signal, factsOf(signal)]);
      return Object.fromEntries(facts) as Record<SignalName, CollectorFacts>;
    },
  };

  function factsOf(signal: SignalName): CollectorFacts {
    const [accepted, sent, failed] = namesOf(ITEMS[signal]);
    return {
      accepted: sum(accepted, null),
      sentToAnalyst: sum(sent, TO_ANALYST),
      // What a full queue refuses is not among them: whoever sent it keeps it.
      lostToAnalyst: sum(failed, TO_ANALYST),
      sentToJaeger: sum(sent, TO_JAEGER),
      lostToJaeger: sum(failed, TO_JAEGER),
      isQueueing: (newestOf(queues, signal, TO_ANALYST)?.fields.gauge ?? 0) > 0,
      jaegerQueue: queueOf(newestOf(queues, signal, TO_JAEGER)),
      isSampling: isSampling && signal === 'spans',
      kept: signal === 'spans' ? keptSpans() : null,
    };
  }

  function keptSpans(): number | null {
    const behindSampling = passed.all().filter(({ attributes }) => attributes.processor === KEPT);
    return behindSampling.length === 0 ? null : behindSampling.reduce((total, { grown }) => total + grown, 0);
  }

  function sum(name: string, exporter: string | null): number {
    const series: readonly SeriesTotal[] = totals.get(name)?.all() ?? [];
    return series.reduce(
      (total, { attributes, grown }) => (exporter === null || attributes.exporter === exporter ? total + grown : total),
      0,
    );
  }
}

function namesOf(items: string): [string, string, string] {
  return [
    `otelcol_receiver_accepted_${items}`,
    `otelcol_exporter_sent_${items}`,
    `otelcol_exporter_send_failed_${items}`,
  ];
}

const DATA_TYPES = { spans: 'traces', logs: 'logs', metrics: 'metrics' } as const;

/** Its newest word on one queue; bytes or items, it does not matter which. */
function newestOf(points: readonly MetricPoint[], signal: SignalName, exporter: string): MetricPoint | undefined {
  return points
    .filter(({ attributes }) => attributes.exporter === exporter && attributes.data_type === DATA_TYPES[signal])
    .sort((a, b) => (a.at < b.at ? 1 : -1))[0];
}

function queueOf(point: MetricPoint | undefined): CollectorFacts['jaegerQueue'] {
  return point ? { toldAt: Date.parse(point.at), isEmpty: (point.fields.gauge ?? 0) === 0 } : null;
}
