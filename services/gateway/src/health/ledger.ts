import type { LedgerRow, Loss, SignalName, StatusView } from '@tracepost/contracts';
import type { MetricPoint, MetricStore, RecordStore } from '@tracepost/stores';
import { withDeadline } from '../deadline.ts';
import { createCollectorFacts } from './collector-facts.ts';
import { createHeldTotals } from './held-totals.ts';
import { createJaegerWatch } from './jaeger-watch.ts';
import { collectorLosses, ledgerRows, SAMPLED_OUT, SIGNALS, TRACE_TOO_LARGE } from './ledger-rows.ts';
import { createSeriesTotals, type SeriesTotal, type SeriesTotals } from './series-totals.ts';

export interface LedgerView {
  readonly recorded: StatusView['recorded'];
  readonly losses: Loss[];
  /** One row for each signal: what was made, and what became of it. */
  readonly rows: LedgerRow[];
  readonly tasks: number;
  /** Succeeded over all ended tasks, 0 to 1; null while none has ended. */
  readonly successRate: number | null;
  /** A loss grew since the last look. */
  readonly isLosing: boolean;
  /** Since the newest report of any process; before the first one, since the start, less what a start may take. Never below 0. */
  readonly silentMs: number;
}

/** What was made, recorded and lost, read from the stored metrics now and then. */
export interface Ledger {
  start(): void;
  read(): LedgerView;
  close(): void;
}

const EVERY_MS = 5_000;
const TIMEOUT_MS = 3_000;
/** The first look: whoever has been silent this long is gone. */
const LOOK_BACK_MS = 15 * 60_000;
/** Every other: points may come late, as long as the store was away and a little more. */
const OVERLAP_MS = 2 * 60_000;
/** A series that was there so soon after the begin of the first look is older than that. */
const OLD_MS = 60_000;
const RECENT_MS = 60_000;
/** So long a first report may take: in the full set the collector and the stores start meanwhile. */
const START_MS = 30_000;
const MAX_POINTS = 10_000;
const EMPTY: LedgerView = {
  recorded: { events: 0, metrics: 0, spans: 0, logs: 0 },
  losses: [],
  rows: [],
  tasks: 0,
  successRate: null,
  isLosing: false,
  silentMs: 0,
};

export function createLedger({
  metrics,
  records,
  everyMs = EVERY_MS,
  timeoutMs = TIMEOUT_MS,
  recentMs = RECENT_MS,
  startMs = START_MS,
}: {
  readonly metrics: MetricStore;
  readonly records: Pick<RecordStore, 'countTasks'>;
  readonly everyMs?: number;
  readonly timeoutMs?: number;
  /** What was made so lately may still be on its way between two hops. */
  readonly recentMs?: number;
  /** Before the first report nobody is called silent for so long. */
  readonly startMs?: number;
}): Ledger {
  let view = EMPTY;
  let isLooking = false;
  let timer: NodeJS.Timeout | undefined;
  let lookedAt: number | null = null;
  let reportedAt = Date.now() + startMs;
  const produced = createSeriesTotals();
  const dropped = createSeriesTotals();
  const received = createSeriesTotals();
  const stored = createSeriesTotals();
  const refused = createSeriesTotals();
  const held = createHeldTotals();
  const heldByIngest = createHeldTotals();
  const executions = createSeriesTotals();
  const collector = createCollectorFacts();
  const jaeger = createJaegerWatch();
  const recent = createRecent(produced, recentMs);

  const look = async (): Promise<void> => {
    const now = Date.now();
    const from = lookedAt === null ? now - LOOK_BACK_MS : lookedAt - OVERLAP_MS;
    const begunBefore = lookedAt === null ? from + OLD_MS : 0;
    const read = (name: string): Promise<MetricPoint[]> =>
      withDeadline(
        metrics.readPoints({ name, from: new Date(from), to: new Date(now + 1_000), limit: MAX_POINTS }),
        timeoutMs,
        'The metric store',
      );
    const made = await read('tracepost.telemetry.produced');
    // Of one instant: what the others have said since is for the next look.
    const newest = made.reduce((latest, { at }) => Math.max(latest, Date.parse(at)), Number.NEGATIVE_INFINITY);
    reportedAt = Math.max(reportedAt, newest);
    const until = made.length === 0 ? now : newest;
    const bounds = { until, begunBefore };
    const [holds, loses, gets, keeps, refuses, decides, ends] = await Promise.all([
      read('tracepost.telemetry.waiting'),
      read('tracepost.telemetry.dropped'),
      read('tracepost.ingest.received'),
      read('tracepost.ingest.stored'),
      read('tracepost.ingest.refused'),
      read('tracepost.ingest.waiting'),
      read('tracepost.task.executions'),
    ]);
    const ofCollector = await collector.look(read, bounds);
    held.take(holds, bounds);
    held.restarted(produced.take(made, bounds));
    heldByIngest.take(decides, bounds);
    dropped.take(loses, bounds);
    received.take(gets, bounds);
    stored.take(keeps, bounds);
    refused.take(refuses, bounds);
    executions.take(ends, bounds);
    lookedAt = now;
    const rows = ledgerRows({
      produced: produced.all(),
      held: held.all(),
      dropped: dropped.all(),
      received: received.all(),
      stored: stored.all(),
      refused: refused.all(),
      heldByIngest: heldByIngest.all(),
      collector: ofCollector,
      waitingForJaeger: jaeger.look({ collector: ofCollector?.spans ?? null, stored: keeps, refused: refuses, bounds }),
      recent: recent(now),
    });
    const lost = [...refused.all(), ...dropped.all()].filter((one) => !(ofCollector && isWithJaeger(one)));
    const losses = [...sumLosses(lost), ...collectorLosses(rows)];
    view = {
      ...view,
      recorded: sumRecorded(stored.all()),
      losses,
      rows,
      successRate: shareOfSuccess(executions.all()),
      isLosing: total(losses) > total(view.losses),
    };
  };

  const lookOnce = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    // A store that does not answer is told by its own check; here what is known stays.
    const [, tasks] = await Promise.allSettled([
      look(),
      withDeadline(records.countTasks(), timeoutMs, 'The record store'),
    ]);
    if (tasks.status === 'fulfilled') view = { ...view, tasks: tasks.value };
    isLooking = false;
  };

  return {
    start() {
      if (timer) return;
      timer = setInterval(() => void lookOnce(), everyMs);
      timer.unref();
      void lookOnce();
    },
    read: () => ({ ...view, silentMs: Math.max(0, Date.now() - reportedAt) }),
    close() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}

/** How much was made lately. */
function createRecent(produced: SeriesTotals, recentMs: number): (now: number) => Record<SignalName, number> {
  const history: { readonly at: number; readonly made: Record<SignalName, number> }[] = [];
  return (now) => {
    const made = { spans: 0, logs: 0, metrics: 0 };
    for (const { attributes, grown } of produced.all()) {
      const signal = SIGNALS.find((name) => name === attributes['tracepost.signal']);
      if (signal) made[signal] += grown;
    }
    history.push({ at: now, made });
    while (history[1] && now - history[1].at >= recentMs) history.shift();
    const before = history[0] && now - history[0].at >= recentMs ? history[0].made : { spans: 0, logs: 0, metrics: 0 };
    return {
      spans: made.spans - before.spans,
      logs: made.logs - before.logs,
      metrics: made.metrics - before.metrics,
    };
  };
}

function sumRecorded(series: readonly SeriesTotal[]): StatusView['recorded'] {
  const recorded = { ...EMPTY.recorded };
  for (const one of series) {
    const signal = one.attributes['tracepost.signal'];
    if (signal === 'metrics' || signal === 'spans' || signal === 'logs' || signal === 'events')
      recorded[signal] += countOf(one);
  }
  return recorded;
}

/** Since the gateway looks, as the rows count: together they are `dropped`. What sampling left out was left out on purpose. */
function sumLosses(series: readonly SeriesTotal[]): Loss[] {
  const losses = new Map<string, Loss>();
  for (const one of series) {
    const signal = one.attributes['tracepost.signal'] ?? 'unknown';
    const reason = one.attributes['tracepost.reason'] ?? 'unknown';
    if (reason === SAMPLED_OUT) continue;
    const key = `${signal}\n${reason}`;
    losses.set(key, { signal, reason, count: (losses.get(key)?.count ?? 0) + one.grown });
  }
  return [...losses.values()].filter((loss) => loss.count > 0);
}

/** As the row counts: what the analyst alone had no room for is no loss where Jaeger keeps it. */
function isWithJaeger({ attributes }: SeriesTotal): boolean {
  return attributes['tracepost.signal'] === 'spans' && attributes['tracepost.reason'] === TRACE_TOO_LARGE;
}

function shareOfSuccess(series: readonly SeriesTotal[]): number | null {
  const all = series.reduce((sum, one) => sum + countOf(one), 0);
  const succeeded = series.filter((one) => one.attributes['tracepost.task.status'] === 'succeeded');
  return all === 0 ? null : succeeded.reduce((sum, one) => sum + countOf(one), 0) / all;
}

/** All that it has counted, also before anybody looked. */
function countOf({ base, grown }: SeriesTotal): number {
  return base + grown;
}

function total(losses: readonly Loss[]): number {
  return losses.reduce((sum, loss) => sum + loss.count, 0);
}
