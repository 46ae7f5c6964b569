import { describeManySeries } from '@tracepost/stores/contract';
import { createTelemetry } from '@tracepost/telemetry';
import { describeWithDocker, useInfluxDb } from '@tracepost/testing';
import { afterAll, beforeAll } from 'vitest';
import { createInfluxStores, type InfluxStores } from '../src/index.ts';

describeWithDocker('a metric of many series in InfluxDB', () => {
  const influxDb = useInfluxDb();
  let stores: InfluxStores;
  beforeAll(() => {
    stores = createInfluxStores({ ...influxDb(), telemetry: createTelemetry({ serviceName: 'tracepost-test' }) });
  });
  afterAll(() => stores.close());
  describeManySeries(() => stores.metrics);
});
