/**
 * As much of Grafana's dashboard JSON as our dashboards use. Plain objects: what is written here is what lies in the file
 * (docs/decisions/2026-11-21-grafana-as-plain-objects.md).
 */
export const DATA_SOURCES = {
  influxdb: { type: 'influxdb', uid: 'tracepost-influxdb' },
  postgres: { type: 'grafana-postgresql-datasource', uid: 'tracepost-postgres' },
  jaeger: { type: 'jaeger', uid: 'tracepost-jaeger' },
} as const;

export type DataSourceRef = (typeof DATA_SOURCES)[keyof typeof DATA_SOURCES];

export interface Target {
  readonly refId: string;
  readonly datasource: DataSourceRef;
  /** Flux, for InfluxDB. */
  readonly query?: string;
  /** SQL, for Postgres. */
  readonly rawSql?: string;
  readonly rawQuery?: true;
  readonly format?: 'table';
}

export interface Link {
  readonly title: string;
  readonly url: string;
  readonly targetBlank?: boolean;
}

export interface Panel {
  readonly id: number;
  readonly type: 'row' | 'timeseries' | 'stat' | 'table';
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: DataSourceRef;
  readonly targets?: readonly Target[];
  readonly fieldConfig?: unknown;
  readonly options?: unknown;
}

export interface Variable {
  readonly name: string;
  readonly label: string;
  readonly type: 'query';
  readonly datasource: DataSourceRef;
  readonly query: string;
  readonly refresh: 2;
  readonly multi: true;
  readonly includeAll: true;
  /** What stands for all of them in a regular expression. */
  readonly allValue: '.*';
  readonly current: { readonly text: 'All'; readonly value: '$__all' };
  readonly sort: 1;
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly schemaVersion: 41;
  readonly editable: false;
  readonly graphTooltip: 1;
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly timezone: 'browser';
  readonly templating: { readonly list: readonly Variable[] };
  readonly links: readonly unknown[];
  readonly panels: readonly Panel[];
}

/** A panel before it has its number and its place. */
export type PanelSpec = Omit<Panel, 'id' | 'gridPos'> & { readonly width: number; readonly height: number };

const GRID_WIDTH = 24;

/** Numbers the panels and lays them out from left to right, a new line where one does not fit or a row begins. */
export function layOut(specs: readonly PanelSpec[]): Panel[] {
  let x = 0;
  let y = 0;
  let lineHeight = 0;
  return specs.map(({ width, height, ...panel }, index) => {
    if (x + width > GRID_WIDTH || panel.type === 'row') {
      x = 0;
      y += lineHeight;
      lineHeight = 0;
    }
    const gridPos = { x, y, w: width, h: height };
    x += width;
    lineHeight = Math.max(lineHeight, height);
    return { id: index + 1, ...panel, gridPos };
  });
}
