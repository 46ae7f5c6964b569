import { describeWithDocker, useInfluxDb } from '@tracepost/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { readRetention } from '../config.ts';
import { createInfluxDbApi, type InfluxDbApi, InfluxDbRefusal } from '../influxdb-api.ts';
import { ensureBucket, ensureToken } from '../influxdb-setup.ts';

describeWithDocker('setting InfluxDB up', () => {
  const influxdb = useInfluxDb();
  let api: InfluxDbApi;
  let orgId: string;

  beforeAll(async () => {
    api = createInfluxDbApi(influxdb());
    orgId = await api.orgId(influxdb().org);
  });

  /** The answer to a point written with this token. */
  const write = async (token: string, bucket: string): Promise<number> => {
    const url = `${influxdb().url}/api/v2/write?org=${influxdb().org}&bucket=${bucket}`;
    const answer = await fetch(url, { method: 'POST', headers: { authorization: `Token ${token}` }, body: 'm v=1' });
    await answer.arrayBuffer();
    return answer.status;
  };
  const read = async (token: string, bucket: string): Promise<number> => {
    const answer = await fetch(`${influxdb().url}/api/v2/query?org=${influxdb().org}`, {
      method: 'POST',
      headers: { authorization: `Token ${token}`, 'content-type': 'application/vnd.flux' },
      body: `from(bucket: "${bucket}") |> range(start: -1h)`,
    });
    await answer.arrayBuffer();
    return answer.status;
  };

  test('a bucket that is missing is made with its retention', async () => {
    const made = await ensureBucket(api, orgId, 'made', 31);
    expect(made.retentionRules[0]?.everySeconds).toBe(31 * 86_400);
  });

  test('a bucket that is there keeps its data and gets the new retention', async () => {
    const before = await ensureBucket(api, orgId, 'kept', 31);
    const after = await ensureBucket(api, orgId, 'kept', 14);
    expect(after.id).toBe(before.id);
    expect((await api.findBucket(orgId, 'kept'))?.retentionRules[0]?.everySeconds).toBe(14 * 86_400);
  });

  test('a token may do what was wished and nothing else', async () => {
    const [mine, foreign] = [await ensureBucket(api, orgId, 'mine', 1), await ensureBucket(api, orgId, 'foreign', 1)];
    const reader = await ensureToken(api, orgId, { description: 'reader', read: [mine], write: [] });
    const writer = await ensureToken(api, orgId, { description: 'writer', read: [], write: [mine] });

    expect(await write(writer, mine.name)).toBe(204);
    expect(await write(writer, foreign.name)).toBe(403);
    expect(await read(reader, mine.name)).toBe(200);
    expect(await read(reader, foreign.name)).toBe(404);
    expect(await write(reader, mine.name)).toBe(403);
  });

  test('the same wish again gives the same token', async () => {
    const bucket = await ensureBucket(api, orgId, 'again', 1);
    const wish = { description: 'again', read: [bucket], write: [] };
    const first = await ensureToken(api, orgId, wish);
    expect(await ensureToken(api, orgId, wish)).toBe(first);
    expect((await api.listAuthorizations(orgId)).filter(({ description }) => description === 'again')).toHaveLength(1);
  });

  test('another wish under the same name gives another token and revokes the first', async () => {
    const bucket = await ensureBucket(api, orgId, 'changed', 1);
    const first = await ensureToken(api, orgId, { description: 'changed', read: [bucket], write: [bucket] });
    const second = await ensureToken(api, orgId, { description: 'changed', read: [bucket], write: [] });
    expect(second).not.toBe(first);
    expect(await write(first, bucket.name)).toBe(401);
    expect(await read(second, bucket.name)).toBe(200);
  });

  test('a foreign administrator token is told apart from other failures', async () => {
    const foreign = createInfluxDbApi({ url: influxdb().url, token: 'of-another-installation' });
    const refusal = await foreign.orgId(influxdb().org).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(InfluxDbRefusal);
    expect(refusal).toHaveProperty('status', 401);
  });
});

describe('the retention', () => {
  test('is a number of days for each bucket', () => {
    const env = {
      TRACEPOST_METRICS_RETENTION_DAYS: '31',
      TRACEPOST_METRIC_HOURS_RETENTION_DAYS: '400',
      TRACEPOST_LOGS_RETENTION_DAYS: '14',
    };
    expect(readRetention(env)).toEqual({ metricsDays: 31, metricHoursDays: 400, logsDays: 14 });
  });

  test('is refused with every fault when it is anything else', () => {
    const env = {
      TRACEPOST_METRICS_RETENTION_DAYS: '0',
      TRACEPOST_METRIC_HOURS_RETENTION_DAYS: '400',
      TRACEPOST_LOGS_RETENTION_DAYS: '2w',
    };
    expect(() => readRetention(env)).toThrow(/METRICS_RETENTION_DAYS is "0".*LOGS_RETENTION_DAYS is "2w"/);
  });
});
