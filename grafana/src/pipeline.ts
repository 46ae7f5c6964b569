import { group, lines } from './flux.ts';

/** Fill of each queue of the collector, from 0 to 1: one for each exporter and signal. */
export function collectorFill(): string {
  return lines(
    'from(bucket: v.defaultBucket)',
    '  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)',
    '  |> filter(fn: (r) => r._measurement =~ /^otelcol_exporter_queue_(size|capacity)$/ and r._field == "gauge")',
    '  |> aggregateWindow(every: v.windowPeriod, fn: last, createEmpty: false)',
    `  |> ${group(['exporter', 'data_type'])}`,
    '  |> pivot(rowKey: ["_time", "service.instance.id"], columnKey: ["_measurement"], valueColumn: "_value")',
    '  |> filter(fn: (r) => exists r.otelcol_exporter_queue_size and r.otelcol_exporter_queue_capacity > 0.0)',
    '  |> map(fn: (r) => ({ _time: r._time, exporter: r.exporter, signal: r.data_type,',
    '    _value: r.otelcol_exporter_queue_size / r.otelcol_exporter_queue_capacity }))',
    `  |> ${group(['exporter', 'signal'])}`,
  );
}

/** Counters of every hop that say what it took, gave on, refused or lost. */
const HOPS = [
  'tracepost\\.telemetry\\.dropped',
  'otelcol_receiver_(accepted|refused|failed)_(spans|metric_points|log_records)',
  'otelcol_exporter_(sent|send_failed|enqueue_failed)_(spans|metric_points|log_records)',
  'tracepost\\.ingest\\.(stored|refused)',
];

/** One row for each hop, signal and reason, over the whole window, in the order of the flow. */
export function lossLedger(): string {
  return lines(
    'import "date"',
    '',
    'text = (v) => if exists v then string(v: v) else ""',
    // Our own counters name their signal; the collector's have it at the end of the metric's name.
    'signalOf = (r) => if exists r["tracepost.signal"] then text(v: r["tracepost.signal"])',
    '  else if r._measurement =~ /_spans$/ then "spans" else if r._measurement =~ /_log_records$/ then "logs" else "metrics"',
    'from(bucket: v.defaultBucket)',
    '  |> range(start: date.sub(d: 1m, from: v.timeRangeStart), stop: v.timeRangeStop)',
    `  |> filter(fn: (r) => r._measurement =~ /^(${HOPS.join('|')})$/ and r._field == "counter")`,
    '  |> difference(nonNegative: true)',
    '  |> filter(fn: (r) => r._time >= v.timeRangeStart)',
    '  |> map(fn: (r) => ({ hop: r._measurement, destination: text(v: r.exporter), signal: signalOf(r: r),',
    '    reason: text(v: r["tracepost.reason"]), service: text(v: r["service.name"]), _value: r._value }))',
    `  |> ${group(['service', 'hop', 'destination', 'signal', 'reason'])}`,
    '  |> sum()',
    '  |> group()',
    '  |> rename(columns: { _value: "count" })',
    '  |> sort(columns: ["service", "hop"])',
  );
}
