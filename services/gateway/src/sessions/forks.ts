import { deflateSync, inflateSync } from 'node:zlib';
import { type OwnFigures, ownFigures } from '@tracepost/analysis';
import type { SessionAnalysis } from '@tracepost/contracts';
import type { SessionPage } from '@tracepost/stores';
import { readIfWhole } from './read-if-whole.ts';
import type { SessionReads } from './session-reader.ts';

/** Whole sessions are read for one answer for so long; what is known by then is remembered, so that the next answer comes further. */
const READ_FOR_MS = 6_000;
const MOST_BYTES = 8 * 1024 * 1024;

type Item = SessionPage['items'][number];

export interface ForksOptions {
  readonly readForMs?: number;
  /** Of all that is remembered. */
  readonly mostBytes?: number;
}

/**
 * What forks and copies add to questions about many sessions: their own figures, for which the whole session has to be read. These are
 * remembered for as long as neither the session nor what of it counts elsewhere has changed.
 */
export class Forks {
  readonly #readForMs: number;
  readonly #mostBytes: number;
  /** Those that were asked for last come last. */
  readonly #known = new Map<string, Buffer>();
  #bytes = 0;

  constructor({ readForMs = READ_FOR_MS, mostBytes = MOST_BYTES }: ForksOptions = {}) {
    this.#readForMs = readForMs;
    this.#mostBytes = mostBytes;
  }

  /** For one answer. */
  reading(store: SessionReads): (item: Item) => Promise<SessionAnalysis | null> {
    let leftMs = this.#readForMs;
    return async (item) => {
      const { analysis, elsewhere } = item;
      if (elsewhere === undefined) return analysis;
      const key = keyOf(item);
      const known = this.#get(key);
      if (known) return { ...analysis, ...known };
      if (leftMs <= 0) return null;
      const began = performance.now();
      const figures = await readFigures(store, item);
      leftMs -= performance.now() - began;
      if (figures === null) return null;
      this.#put(key, figures);
      return { ...analysis, ...figures };
    };
  }

  #get(key: string): OwnFigures | null {
    const bytes = this.#known.get(key);
    if (!bytes) return null;
    this.#known.delete(key);
    this.#known.set(key, bytes);
    return JSON.parse(inflateSync(bytes).toString()) as OwnFigures;
  }

  #put(key: string, figures: OwnFigures): void {
    const bytes = deflateSync(JSON.stringify(figures), { level: 1 });
    this.#known.set(key, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, { length }] of this.#known) {
      if (this.#bytes <= this.#mostBytes) break;
      this.#known.delete(oldest);
      this.#bytes -= length;
    }
  }
}

function keyOf({ tenantId, analysis, version, elsewhere }: Item): string {
  return JSON.stringify([tenantId, analysis.sessionId, version, elsewhere]);
}

/** Null: it cannot be read, or was forgotten meanwhile. */
async function readFigures(store: SessionReads, { tenantId, analysis }: Item): Promise<OwnFigures | null> {
  const kept = await readIfWhole(store, { tenantId, sessionId: analysis.sessionId });
  if (kept === null || kept === 'damaged') return null;
  const elsewhere = await store.countedElsewhere(tenantId, analysis.sessionId);
  return ownFigures(kept, new Set(elsewhere.map(({ callId }) => callId)));
}
