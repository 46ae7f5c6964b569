import { flux, fluxDateTime, fluxDuration, fluxExpression, type ParameterizedQuery } from '@influxdata/influxdb-client';
import { isAttributeKey, type MetricQuestion, type ReadStretch } from '@tracepost/stores';

/** Tag of rolled-up points: those of different shapes are never added. */
export const SHAPE = '~shape';
/** Measurements of the roll-ups' bucket that are no metrics; no metric can have such a name. */
export const ROLLED = '~rolled';
export const LATE = '~late';
export const METRICS = '~metrics';
export const ATTRIBUTES = '~attributes';

export const ALL_TIME: ReadStretch = { fromMs: 0, toMs: Date.parse('2200-01-01T00:00:00Z') };

type Choice = Pick<MetricQuestion, 'name' | 'where'>;

export function rangeFlux(bucket: string, { fromMs, toMs }: ReadStretch): ParameterizedQuery {
  return flux`from(bucket: ${bucket}) |> range(start: ${timeOf(fromMs)}, stop: ${timeOf(toMs)})`;
}

/** Fields of points as they were written, series by series and field by field, each in the order of time. */
export function rawFlux(bucket: string, choice: Choice, stretch: ReadStretch): ParameterizedQuery {
  return flux`${rangeFlux(bucket, stretch)}
  |> filter(fn: (r) => ${conditions(choice)})
  |> drop(columns: ["_start", "_stop", "_measurement"])`;
}

/** The newest value of each field of each series. */
export function newestFlux(bucket: string, choice: Choice, stretch: ReadStretch): ParameterizedQuery {
  return flux`${rangeFlux(bucket, stretch)}
  |> filter(fn: (r) => ${conditions(choice)})
  |> last()
  |> drop(columns: ["_start", "_stop", "_measurement"])`;
}

/** Sums of whole hours by shape, field and group, for each window. */
export function hoursFlux(
  bucket: string,
  question: MetricQuestion,
  stretches: readonly ReadStretch[],
): ParameterizedQuery {
  const { everyMs } = question;
  const groups = question.groupBy.filter(isAttributeKey);
  const columns = [...(everyMs === null ? [] : ['_start']), SHAPE, '_field', ...groups];
  const source = (fields: ParameterizedQuery) => {
    const parts = stretches.map(
      (stretch) => flux`${rangeFlux(bucket, stretch)} |> filter(fn: (r) => ${conditions(question)} and ${fields})`,
    );
    const all = parts.length === 1 ? parts[0] : flux`union(tables: ${parts})`;
    const windows = everyMs === null ? flux`` : flux` |> window(every: ${fluxDuration(`${everyMs}ms`)})`;
    return flux`${all}${windows} |> group(columns: ${columns})`;
  };
  const kept = [...columns, '_value'];
  return flux`union(tables: [
    ${source(flux`r._field != "min" and r._field != "max"`)} |> sum() |> keep(columns: ${kept}),
    ${source(flux`r._field == "min"`)} |> min() |> keep(columns: ${kept}),
    ${source(flux`r._field == "max"`)} |> max() |> keep(columns: ${kept}),
  ])`;
}

/** Measurements that have points in a stretch of time. */
export function namesFlux(bucket: string, { fromMs, toMs }: ReadStretch): ParameterizedQuery {
  return flux`import "influxdata/influxdb/schema"
  schema.tagValues(bucket: ${bucket}, tag: "_measurement", predicate: (r) => true, start: ${timeOf(fromMs)}, stop: ${timeOf(toMs)})`;
}

function conditions({ name, where }: Choice): ParameterizedQuery {
  const all = [flux`r._measurement == ${name}`];
  for (const [key, value] of Object.entries(where)) {
    // What cannot be an attribute is on no series.
    if (!isAttributeKey(key)) all.push(value === '' ? flux`true` : flux`false`);
    else all.push(value === '' ? flux`not exists r[${key}]` : flux`r[${key}] == ${value}`);
  }
  return fluxExpression(all.join(' and '));
}

function timeOf(ms: number) {
  return fluxDateTime(new Date(ms).toISOString());
}
