import { Point } from '@influxdata/influxdb-client';
import type { SinkAnswer } from '@tracepost/contracts';
import {
  type CatalogEntry,
  floorHour,
  HOUR_MS,
  type LaidPoint,
  LOOK_BACK_NS,
  type ReadStretch,
} from '@tracepost/stores';
import { ATTRIBUTES, LATE, METRICS, ROLLED } from './metric-flux.ts';
import type { LineWriter } from './write-lines.ts';

const NS = 1_000_000n;

export function catalogLine(entry: CatalogEntry): string {
  const point = new Point(entry.entry === 'metric' ? METRICS : ATTRIBUTES).tag('metric', entry.name);
  if (entry.entry === 'attribute') point.tag('key', entry.key).floatField('seen', 1);
  else
    point.stringField('kind', entry.kind).stringField('unit', entry.unit).stringField('description', entry.description);
  return lineOf(point, entry.dayMs);
}

export function rolledLine(hourMs: number): string {
  return lineOf(new Point(ROLLED).floatField('rolled', 1), hourMs);
}

export function lineOf(point: Point, atMs: number): string {
  return point.timestamp(String(BigInt(atMs) * NS)).toLineProtocol() ?? '';
}

/**
 * Hours of metrics that points come to after they were, or may have been, put together. InfluxDB is told before the points
 * are written, so that no crash can come between, and told that an hour is whole again unless another point has come.
 */
export interface LateMarks {
  /** Marks the points' hours and then writes them; `later` when InfluxDB cannot be told now. */
  write(points: readonly LaidPoint[], boundMs: number, write: () => Promise<SinkAnswer>): Promise<SinkAnswer>;
  /** Marks hours as if points had come to them. */
  mark(hours: readonly LateHour[]): Promise<SinkAnswer>;
  /**
   * To be taken before an hour's points are read, and given to `clear`. Points that were marked before and are still on their way are
   * waited for: nobody else would miss them.
   */
  seen(name: string, stretch: ReadStretch): Promise<LateView>;
  clear(view: LateView, hours: readonly number[]): Promise<SinkAnswer>;
}

export interface LateHour {
  readonly name: string;
  readonly hourMs: number;
}

export interface LateView {
  readonly name: string;
  readonly versions: ReadonlyMap<string, number>;
}

const NOTHING: SinkAnswer = { status: 'taken', refused: [] };

export function createLateMarks(writer: LineWriter): LateMarks {
  const marks = new Map<string, { version: number; isTold: boolean }>();
  const underWay = new Set<{ readonly hours: ReadonlyMap<string, LateHour>; readonly written: Promise<unknown> }>();
  // What is told of one hour has to arrive in the order in which it was decided.
  let line: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = line.then(work, work);
    line = done.catch(() => {});
    return done;
  };

  const markAll = (hours: ReadonlyMap<string, LateHour>): Promise<SinkAnswer> => {
    // At once, before anything is waited for: whoever looks from now on sees that something comes.
    for (const key of hours.keys()) {
      const mark = marks.get(key);
      if (mark) mark.version++;
      else marks.set(key, { version: 1, isTold: false });
    }
    return inTurn(async () => {
      const untold = [...hours].filter(([key]) => marks.get(key)?.isTold !== true);
      const answer = await tell(
        writer,
        untold.map(([, hour]) => hour),
        1,
      );
      if (answer.status === 'taken')
        for (const [key] of untold) marks.set(key, { version: marks.get(key)?.version ?? 1, isTold: true });
      return answer;
    });
  };

  return {
    write(points, boundMs, write) {
      const hours = hoursOf(points, boundMs);
      if (hours.size === 0) return write();
      const marked = markAll(hours);
      const work = { hours, written: marked.then((answer) => (answer.status === 'taken' ? write() : answer)) };
      underWay.add(work);
      return work.written.finally(() => underWay.delete(work));
    },
    mark: (hours) => markAll(new Map(hours.map((hour) => [keyOf(hour.name, hour.hourMs), hour]))),
    async seen(name, { fromMs, toMs }) {
      const versions = new Map<string, number>();
      for (let hourMs = fromMs; hourMs < toMs; hourMs += HOUR_MS) {
        const key = keyOf(name, hourMs);
        versions.set(key, marks.get(key)?.version ?? 0);
      }
      const keys = [...versions.keys()];
      const coming = [...underWay].filter(({ hours }) => keys.some((key) => hours.has(key)));
      await Promise.allSettled(coming.map(({ written }) => written));
      return { name, versions };
    },
    clear({ name, versions }, hours) {
      return inTurn(async () => {
        const isUnchanged = (key: string) => (marks.get(key)?.version ?? 0) === versions.get(key);
        const whole = hours.filter((hourMs) => isUnchanged(keyOf(name, hourMs)));
        for (const hourMs of whole) {
          const mark = marks.get(keyOf(name, hourMs));
          if (mark) mark.isTold = false;
        }
        const answer = await tell(
          writer,
          whole.map((hourMs) => ({ name, hourMs })),
          0,
        );
        for (const hourMs of whole) if (isUnchanged(keyOf(name, hourMs))) marks.delete(keyOf(name, hourMs));
        return answer;
      });
    },
  };
}

/** A point changes its own hour and, where points are differences, that of the next one, which may be up to a day later. */
function hoursOf(points: readonly LaidPoint[], boundMs: number): Map<string, LateHour> {
  const hours = new Map<string, LateHour>();
  const seen = new Set<string>();
  for (const { name, timeUnixNano, fields } of points) {
    const hourMs = floorHour(Number(timeUnixNano / NS));
    const reachMs = fields.gauge === undefined ? Number(LOOK_BACK_NS / NS) : 0;
    const place = `${reachMs}\n${keyOf(name, hourMs)}`;
    if (seen.has(place)) continue;
    seen.add(place);
    for (let at = hourMs; at <= hourMs + reachMs && at < boundMs; at += HOUR_MS)
      hours.set(keyOf(name, at), { name, hourMs: at });
  }
  return hours;
}

function keyOf(name: string, hourMs: number): string {
  return `${name}\n${hourMs}`;
}

async function tell(writer: LineWriter, hours: readonly LateHour[], late: 0 | 1): Promise<SinkAnswer> {
  if (hours.length === 0) return NOTHING;
  const lines = hours.map(({ name, hourMs }) =>
    lineOf(new Point(LATE).tag('metric', name).floatField('late', late), hourMs),
  );
  return writer.write(lines, []);
}
