import type { Origin } from '@tracepost/contracts';
import type { SqliteValue, Statement } from '@tracepost/sqlite';
import { serviceOf } from '@tracepost/stores';
import { hashId } from './hash-id.ts';

/** Who produced the signals of one batch: each origin is written once and named by its key. */
export interface Origins {
  keyOf(origin: Origin): bigint;
  statement(): Statement;
}

export function collectOrigins(): Origins {
  // Signals of one resource share one object, so most are found without looking at what it holds.
  const known = new Map<Origin, bigint>();
  const rows = new Map<bigint, readonly SqliteValue[]>();
  return {
    keyOf(origin) {
      const seen = known.get(origin);
      if (seen !== undefined) return seen;
      const { scopeName, scopeVersion } = origin;
      const service = serviceOf(origin);
      const resource = JSON.stringify(origin.resource);
      const key = hashId(JSON.stringify([service, resource, scopeName, scopeVersion]));
      known.set(origin, key);
      rows.set(key, [key, service, resource, scopeName, scopeVersion]);
      return key;
    },
    statement: () => ({
      sql: 'INSERT OR IGNORE INTO origins (id, service, resource, scope_name, scope_version) VALUES (?, ?, ?, ?, ?)',
      batch: [...rows.values()],
    }),
  };
}
