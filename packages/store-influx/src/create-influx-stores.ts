import type { SignalName } from '@tracepost/contracts';
import type { LogStore, MetricStore } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import { createConnection } from './connection.ts';
import { createInfluxLogs } from './logs.ts';
import { createInfluxMetrics, type InfluxStoreParts } from './metrics.ts';
import { pingBucket } from './ping-bucket.ts';
import { createRowReader } from './query-rows.ts';
import { createSeriesStream } from './query-series.ts';
import { createSessionPoints, type SessionPoints } from './session-points.ts';
import { createLineWriter } from './write-lines.ts';

export interface InfluxStoreOptions {
  /** `http://influxdb:8086` */
  readonly url: string;
  readonly org: string;
  /** May read or write the three buckets; a store used for the other is refused by InfluxDB. */
  readonly token: string;
  readonly metricsBucket: string;
  readonly logsBucket: string;
  /** Of whole hours of metrics and of the catalog, which are kept longer than points; `rollups` when none is given. */
  readonly rollUpsBucket?: string;
  readonly telemetry: Telemetry;
  /** For one exchange from its first byte to its last; 15,000 when none is given. */
  readonly timeoutMs?: number;
}

/** Stores on one set of sockets; closing one of them closes all. */
export interface InfluxStores {
  readonly logs: LogStore;
  readonly metrics: MetricStore;
  /** In the bucket of the metrics. */
  readonly sessions: SessionPoints;
  close(): Promise<void>;
}

/** Returns at once; nothing is asked of InfluxDB before the first write, query or ping. */
export function createInfluxStores(options: InfluxStoreOptions): InfluxStores {
  const { metricsBucket, logsBucket, rollUpsBucket = 'rollups', telemetry } = options;
  const connection = createConnection(options);
  const query = createRowReader(connection, telemetry);
  const parts = (bucket: string, signal: SignalName): InfluxStoreParts => ({
    bucket,
    writer: createLineWriter({ connection, bucket, signal, telemetry }),
    query,
    ping: () => pingBucket({ connection, bucket, query }),
    close: () => connection.close(),
  });
  const metricParts = parts(metricsBucket, 'metrics');
  const metrics = createInfluxMetrics({
    ...metricParts,
    rollUpsBucket,
    rollUpsWriter: createLineWriter({ connection, bucket: rollUpsBucket, signal: 'metrics', telemetry }),
    series: createSeriesStream(connection, telemetry),
  });
  return {
    logs: { ...createInfluxLogs(parts(logsBucket, 'logs')), close: metrics.close },
    metrics,
    sessions: createSessionPoints(metricParts),
    close: metrics.close,
  };
}
