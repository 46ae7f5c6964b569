export interface Bucket {
  readonly id: string;
  readonly name: string;
  readonly retentionRules: readonly { readonly everySeconds: number }[];
}

export interface Permission {
  readonly action: 'read' | 'write';
  readonly resource: { readonly type: 'buckets'; readonly id: string; readonly orgID: string };
}

export interface Authorization {
  readonly id: string;
  readonly description: string;
  readonly token: string;
  readonly status: string;
  readonly permissions: readonly Permission[];
}

/** The few calls of InfluxDB's API that setting it up takes. Each throws with the server's answer when it is refused. */
export interface InfluxDbApi {
  orgId(name: string): Promise<string>;
  findBucket(orgId: string, name: string): Promise<Bucket | null>;
  createBucket(orgId: string, name: string, retentionSeconds: number): Promise<Bucket>;
  setRetention(bucketId: string, retentionSeconds: number): Promise<void>;
  listAuthorizations(orgId: string): Promise<Authorization[]>;
  createAuthorization(orgId: string, description: string, permissions: readonly Permission[]): Promise<Authorization>;
  deleteAuthorization(id: string): Promise<void>;
}

export class InfluxDbRefusal extends Error {
  readonly status: number;

  constructor(request: string, status: number, answer: string) {
    super(`InfluxDB answers ${status} to ${request}: ${answer}`);
    this.status = status;
  }
}

export function createInfluxDbApi({ url, token }: { readonly url: string; readonly token: string }): InfluxDbApi {
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${url}/api/v2/${path}`, {
      method,
      headers: { authorization: `Token ${token}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(10_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new InfluxDbRefusal(`${method} ${path}`, response.status, text);
    // What the API documents for this path; a surprise shows in the next line that uses it.
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };
  const retention = (everySeconds: number) => [{ type: 'expire', everySeconds }];

  return {
    async orgId(name) {
      const { orgs } = await call<{ orgs: { id: string }[] }>('GET', `orgs?org=${encodeURIComponent(name)}`);
      const [org] = orgs;
      if (!org) throw new Error(`InfluxDB has no organisation "${name}"`);
      return org.id;
    },
    async findBucket(orgId, name) {
      const path = `buckets?orgID=${orgId}&name=${encodeURIComponent(name)}`;
      try {
        return (await call<{ buckets: Bucket[] }>('GET', path)).buckets[0] ?? null;
      } catch (error) {
        if (error instanceof InfluxDbRefusal && error.status === 404) return null;
        throw error;
      }
    },
    createBucket: (orgID, name, seconds) =>
      call('POST', 'buckets', { orgID, name, retentionRules: retention(seconds) }),
    setRetention: (id, seconds) => call('PATCH', `buckets/${id}`, { retentionRules: retention(seconds) }),
    async listAuthorizations(orgId) {
      return (await call<{ authorizations: Authorization[] }>('GET', `authorizations?orgID=${orgId}`)).authorizations;
    },
    createAuthorization: (orgID, description, permissions) =>
      call('POST', 'authorizations', { orgID, description, permissions }),
    deleteAuthorization: (id) => call('DELETE', `authorizations/${id}`),
  };
}
