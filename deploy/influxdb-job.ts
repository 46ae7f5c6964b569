// The second job of the full stack: InfluxDB's buckets and one token for each that writes or reads, with no more rights than
// it needs.
import { readRetention } from './config.ts';
import { createInfluxDbApi, InfluxDbRefusal } from './influxdb-api.ts';
import { ensureBucket, ensureToken } from './influxdb-setup.ts';
import { readSecret, type SecretName, writeSecret } from './secret-files.ts';

const FOLDER = '/run/tracepost';
const ORG = 'tracepost';

async function main(): Promise<void> {
  const retention = readRetention();
  const api = createInfluxDbApi({ url: 'http://influxdb:8086', token: readSecret(FOLDER, 'influxdb-admin-token') });
  const orgId = await api.orgId(ORG);
  const metrics = await ensureBucket(api, orgId, 'metrics', retention.metricsDays);
  const rollUps = await ensureBucket(api, orgId, 'rollups', retention.metricHoursDays);
  const logs = await ensureBucket(api, orgId, 'logs', retention.logsDays);
  const all = [metrics, rollUps, logs];

  const keep = async (name: SecretName, write: typeof all): Promise<void> => {
    writeSecret(FOLDER, name, await ensureToken(api, orgId, { description: name, read: all, write }));
  };
  await keep('influxdb-analyst-token', all);
  await keep('influxdb-gateway-token', []);
  await keep('influxdb-grafana-token', []);
  console.log('InfluxDB has its buckets (metrics, rollups, logs) and the tokens of analyst, gateway and grafana.');
}

main().catch((error: unknown) => {
  const isForeign = error instanceof InfluxDbRefusal && error.status === 401;
  console.error(
    isForeign
      ? 'InfluxDB does not know the administrator token of the volume "secrets": the data is from another installation. Put the ' +
          'secrets back that belong to it, or begin anew: docker compose down --volumes'
      : error,
  );
  process.exitCode = 1;
});
