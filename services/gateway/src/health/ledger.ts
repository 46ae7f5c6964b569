import type { Loss, StatusView } from '@tracepost/contracts';
import type { MetricPoint, MetricStore, RecordStore } from '@tracepost/stores';
import { withDeadline } from '../deadline.ts';

export interface LedgerView {
  readonly recorded: StatusView['recorded'];
  readonly losses: Loss[];
  readonly tasks: number;
  /** Succeeded over all ended tasks, 0 to 1; null while none has ended. */
  readonly successRate: number | null;
  /** A loss grew since the last look. */
  readonly isLosing: boolean;
}

/** What was recorded and what was lost, read from the stored metrics now and then. */
export interface Ledger {
  start(): void;
  read(): LedgerView;
  close(): void;
}

const EVERY_MS = 5_000;
const TIMEOUT_MS = 3_000;
/** Metrics are cumulative and exported every few seconds: whoever has been silent this long is gone. */
const LOOK_BACK_MS = 15 * 60_000;
const MAX_POINTS = 2_000;
const EMPTY: LedgerView = {
  recorded: { events: 0, metrics: 0, spans: 0, logs: 0 },
  losses: [],
  tasks: 0,
  successRate: null,
  isLosing: false,
};

export function createLedger({
  metrics,
  records,
  everyMs = EVERY_MS,
  timeoutMs = TIMEOUT_MS,
}: {
  readonly metrics: MetricStore;
  readonly records: Pick<RecordStore, 'countTasks'>;
  readonly everyMs?: number;
  readonly timeoutMs?: number;
}): Ledger {
  let view = EMPTY;
  let isLooking = false;
  let timer: NodeJS.Timeout | undefined;

  const read = async (name: string): Promise<MetricPoint[]> => {
    const to = new Date(Date.now() + 1_000);
    const from = new Date(to.getTime() - LOOK_BACK_MS);
    const points = metrics.readPoints({ name, from, to, limit: MAX_POINTS });
    return newestPerSeries(await withDeadline(points, timeoutMs, 'The metric store'));
  };

  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    // A store that does not answer is told by its own check; here what is known stays.
    const [stored, refused, dropped, executions, tasks] = await Promise.allSettled([
      read('tracepost.ingest.stored'),
      read('tracepost.ingest.refused'),
      read('tracepost.telemetry.dropped'),
      read('tracepost.task.executions'),
      withDeadline(records.countTasks(), timeoutMs, 'The record store'),
    ]);
    const hasLosses = refused.status === 'fulfilled' && dropped.status === 'fulfilled';
    const losses = hasLosses ? sumLosses([...refused.value, ...dropped.value]) : view.losses;
    view = {
      recorded: stored.status === 'fulfilled' ? sumRecorded(stored.value) : view.recorded,
      losses,
      tasks: tasks.status === 'fulfilled' ? tasks.value : view.tasks,
      successRate: executions.status === 'fulfilled' ? shareOfSuccess(executions.value) : view.successRate,
      isLosing: total(losses) > total(view.losses),
    };
    isLooking = false;
  };

  return {
    start() {
      if (timer) return;
      timer = setInterval(() => void look(), everyMs);
      timer.unref();
      void look();
    },
    read: () => view,
    close() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}

/** Points come newest first: the first of each series is its newest. */
function newestPerSeries(points: readonly MetricPoint[]): MetricPoint[] {
  const newest = new Map<string, MetricPoint>();
  for (const point of points) {
    const series = JSON.stringify([point.service, Object.entries(point.attributes).sort()]);
    if (!newest.has(series)) newest.set(series, point);
  }
  return [...newest.values()];
}

function sumRecorded(points: readonly MetricPoint[]): StatusView['recorded'] {
  const recorded = { ...EMPTY.recorded };
  for (const point of points) {
    const signal = point.attributes['tracepost.signal'];
    if (signal === 'metrics' || signal === 'spans' || signal === 'logs') recorded[signal] += countOf(point);
  }
  return recorded;
}

function sumLosses(points: readonly MetricPoint[]): Loss[] {
  const losses = new Map<string, Loss>();
  for (const point of points) {
    const signal = point.attributes['tracepost.signal'] ?? 'unknown';
    const reason = point.attributes['tracepost.reason'] ?? 'unknown';
    const key = `${signal}\n${reason}`;
    losses.set(key, { signal, reason, count: (losses.get(key)?.count ?? 0) + countOf(point) });
  }
  return [...losses.values()].filter((loss) => loss.count > 0);
}

function shareOfSuccess(points: readonly MetricPoint[]): number | null {
  const all = points.reduce((sum, point) => sum + countOf(point), 0);
  const succeeded = points.filter((point) => point.attributes['tracepost.task.status'] === 'succeeded');
  return all === 0 ? null : succeeded.reduce((sum, point) => sum + countOf(point), 0) / all;
}

function countOf({ fields }: MetricPoint): number {
  return Math.round(fields.counter ?? fields.gauge ?? 0);
}

function total(losses: readonly Loss[]): number {
  return losses.reduce((sum, loss) => sum + loss.count, 0);
}
