import type { Authorization, Bucket, InfluxDbApi, Permission } from './influxdb-api.ts';

const DAY_SECONDS = 86_400;

/** Makes the bucket, or sets its retention when that has changed. Data older than a shorter retention is then removed by InfluxDB. */
export async function ensureBucket(api: InfluxDbApi, orgId: string, name: string, days: number): Promise<Bucket> {
  const seconds = days * DAY_SECONDS;
  const bucket = await api.findBucket(orgId, name);
  if (!bucket) return api.createBucket(orgId, name, seconds);
  if (bucket.retentionRules[0]?.everySeconds !== seconds) await api.setRetention(bucket.id, seconds);
  return bucket;
}

export interface TokenWish {
  readonly description: string;
  readonly read: readonly Bucket[];
  readonly write: readonly Bucket[];
}

/**
 * A token that may do this and nothing else: the one made before when its permissions still fit, otherwise a new one, and the
 * old one is revoked. InfluxDB shows an administrator the token again, so a lost file is written anew with the same value.
 */
export async function ensureToken(api: InfluxDbApi, orgId: string, wish: TokenWish): Promise<string> {
  const permissions: Permission[] = [
    ...wish.read.map((bucket) => permission('read', bucket, orgId)),
    ...wish.write.map((bucket) => permission('write', bucket, orgId)),
  ];
  const before = (await api.listAuthorizations(orgId)).filter(({ description }) => description === wish.description);
  const fitting = before.find((authorization) => fits(authorization, permissions));
  const kept = fitting ?? (await api.createAuthorization(orgId, wish.description, permissions));
  for (const other of before) if (other.id !== kept.id) await api.deleteAuthorization(other.id);
  return kept.token;
}

function permission(action: Permission['action'], bucket: Bucket, orgID: string): Permission {
  return { action, resource: { type: 'buckets', id: bucket.id, orgID } };
}

function fits(authorization: Authorization, wanted: readonly Permission[]): boolean {
  const words = (permissions: readonly Permission[]) =>
    permissions.map(({ action, resource }) => `${action} ${resource.type} ${resource.id}`).sort();
  return authorization.status === 'active' && words(authorization.permissions).join() === words(wanted).join();
}
