import type { Dashboard } from './dashboard.ts';
import { variable } from './variables.ts';

/** One query as a data source gets it: every variable of Grafana filled in. */
export interface RunnableQuery {
  /** Where it stands: `Overview / Requests / A`, or `Overview / variable agent`. */
  readonly name: string;
  readonly dataSource: 'influxdb' | 'postgres';
  readonly text: string;
}

export interface FillIn {
  readonly from: Date;
  readonly to: Date;
  /** What Grafana makes of the window and the width of the panel; never below the data source's 10 seconds. */
  readonly intervalSeconds: number;
  readonly bucket: string;
  /** Values of dashboard variables; one that is not named is `All`. */
  readonly variables?: Readonly<Record<string, readonly string[]>>;
}

/**
 * Every query of every panel and variable, filled in as Grafana does it, so that a test can run each against the real
 * InfluxDB and Postgres without a Grafana.
 */
export function runnableQueries(dashboard: Dashboard, fill: FillIn): RunnableQuery[] {
  const variables = dashboard.templating.list.map((variable) => ({
    name: `${dashboard.title} / variable ${variable.name}`,
    dataSource: 'influxdb' as const,
    text: fillIn(variable.query, fill),
  }));
  const panels = dashboard.panels.flatMap((panel) =>
    (panel.targets ?? []).map((target) => ({
      name: `${dashboard.title} / ${panel.title} / ${target.refId}`,
      dataSource: target.query === undefined ? ('postgres' as const) : ('influxdb' as const),
      text: fillIn(target.query ?? target.rawSql ?? '', fill),
    })),
  );
  return [...variables, ...panels];
}

/**
 * Dashboard variables are put in by Grafana's front end (`${name:regex}`), `v.…` by its InfluxDB plugin. Throws when
 * something is left over, since Grafana would send it as it stands.
 */
export function fillIn(query: string, { from, to, intervalSeconds, bucket, variables = {} }: FillIn): string {
  const filled = query
    .replaceAll(variable('__from'), String(from.getTime()))
    .replaceAll(variable('__to'), String(to.getTime()))
    .replace(/\$\{(\w+):regex\}/g, (_, name: string) => asRegex(variables[name]))
    .replaceAll('v.timeRangeStart', from.toISOString())
    .replaceAll('v.timeRangeStop', to.toISOString())
    .replaceAll('v.windowPeriod', `${intervalSeconds}s`)
    .replaceAll('v.defaultBucket', JSON.stringify(bucket));
  const left = /\$\{[^}]*\}|\$__?\w+|\bv\.[a-z]\w+/.exec(filled);
  if (left) throw new Error(`Nothing fills in ${left[0]} of this query:\n${query}`);
  return filled;
}

/** Grafana's `:regex`: one value escaped, several in brackets, and for all of them the variable's own `.*`. */
function asRegex(values: readonly string[] | undefined): string {
  if (values === undefined) return '.*';
  const escaped = values.map((value) => value.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&'));
  return escaped.length === 1 ? (escaped[0] ?? '') : `(${escaped.join('|')})`;
}
