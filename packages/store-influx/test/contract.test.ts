import { describeLogStoreContract, describeMetricStoreContract } from '@tracepost/stores/contract';
import { createTelemetry } from '@tracepost/telemetry';
import { describeWithDocker, useInfluxDb } from '@tracepost/testing';
import { createInfluxStores } from '../src/index.ts';

describeWithDocker('on InfluxDB 2', () => {
  const influxDb = useInfluxDb();
  const open = () =>
    createInfluxStores({ ...influxDb(), telemetry: createTelemetry({ serviceName: 'tracepost-test' }) });

  describeLogStoreContract('InfluxDB', async () => {
    const { logs, close } = open();
    return { subject: { store: logs }, close };
  });
  describeMetricStoreContract('InfluxDB', async () => {
    const { metrics, close } = open();
    return { subject: { store: metrics }, close };
  });
});
