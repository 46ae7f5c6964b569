import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPriceBook } from '@tracepost/pricing';
import { openSqliteSessionStore } from '@tracepost/store-sql';
import type { SessionStore } from '@tracepost/stores';
import { createTelemetry } from '@tracepost/telemetry';
import { createSessionTaker, type SessionTaker, type SessionTakerOptions } from '../src/index.ts';

const telemetry = createTelemetry({ serviceName: 'test' });

export interface OpenTaker extends AsyncDisposable {
  readonly store: SessionStore;
  /** Of the database. */
  readonly path: string;
  readonly taker: SessionTaker;
  /** Another one on the same store. */
  another(options?: Partial<SessionTakerOptions>): SessionTaker;
}

/** A taker on a store of its own, which is gone afterwards. */
export async function openTaker(options: Partial<SessionTakerOptions> = {}): Promise<OpenTaker> {
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-taker-'));
  const path = join(folder, 'sessions.db');
  const store = await openSqliteSessionStore({ path, telemetry });
  const another: OpenTaker['another'] = (other = {}) =>
    createSessionTaker({ store, priceBook: createPriceBook(), telemetry, now: () => 1, ...options, ...other });
  return {
    store,
    path,
    taker: another(),
    another,
    async [Symbol.asyncDispose]() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}
