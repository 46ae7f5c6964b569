import { DATA_SOURCES, type Link, type PanelSpec, type Target, type Variable } from './dashboard.ts';

export function row(title: string): PanelSpec {
  return { type: 'row', title, width: 24, height: 1 };
}

interface SeriesPanel {
  readonly title: string;
  readonly description: string;
  readonly queries: readonly string[];
  /** Grafana's id of the unit: `s`, `reqps`, `percentunit`, `short`, `bytes`. */
  readonly unit: string;
  /** Names a series by its columns: `label('route')`. */
  readonly legend: string;
  readonly links?: readonly Link[];
  readonly width?: number;
  readonly max?: number;
  readonly drawAs?: 'line' | 'stacked-bars';
}

export function series({ width = 8, drawAs = 'line', ...panel }: SeriesPanel): PanelSpec {
  const isStacked = drawAs === 'stacked-bars';
  return {
    type: 'timeseries',
    title: panel.title,
    description: panel.description,
    width,
    height: 8,
    datasource: DATA_SOURCES.influxdb,
    targets: panel.queries.map(fluxTarget),
    fieldConfig: {
      defaults: {
        unit: panel.unit,
        min: 0,
        ...(panel.max === undefined ? {} : { max: panel.max }),
        displayName: panel.legend,
        links: panel.links ?? [],
        custom: {
          drawStyle: isStacked ? 'bars' : 'line',
          fillOpacity: isStacked ? 60 : 10,
          lineWidth: 1,
          showPoints: 'auto',
          stacking: { mode: isStacked ? 'normal' : 'none', group: 'A' },
        },
      },
      overrides: [],
    },
    options: {
      legend: { displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  };
}

interface TablePanel {
  readonly title: string;
  readonly description: string;
  readonly target: Target;
  readonly width?: number;
  readonly overrides?: readonly unknown[];
}

export function table({ title, description, target, width = 24, overrides = [] }: TablePanel): PanelSpec {
  return {
    type: 'table',
    title,
    description,
    width,
    height: 8,
    datasource: target.datasource,
    targets: [target],
    fieldConfig: { defaults: { custom: { filterable: true } }, overrides },
    options: { showHeader: true, cellHeight: 'sm' },
  };
}

/** How one column of a table is shown. */
export function column(name: string, properties: Readonly<Record<string, unknown>>): unknown {
  return {
    matcher: { id: 'byName', options: name },
    properties: Object.entries(properties).map(([id, value]) => ({ id, value })),
  };
}

export function fluxTarget(query: string, index = 0): Target {
  return { refId: String.fromCharCode(65 + index), datasource: DATA_SOURCES.influxdb, query };
}

export function sqlTarget(rawSql: string): Target {
  return { refId: 'A', datasource: DATA_SOURCES.postgres, rawQuery: true, format: 'table', rawSql };
}

/** A list of an attribute's values, several of them or all. */
export function attributeVariable(name: string, label: string, attribute: string): Variable {
  return {
    name,
    label,
    type: 'query',
    datasource: DATA_SOURCES.influxdb,
    query: [
      'import "influxdata/influxdb/schema"',
      '',
      `schema.tagValues(bucket: v.defaultBucket, tag: "${attribute}", start: v.timeRangeStart, stop: v.timeRangeStop)`,
    ].join('\n'),
    refresh: 2,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
    sort: 1,
  };
}
