import type { SessionAnalysis, SessionDocument } from '@tracepost/contracts';
import {
  type KeptSession,
  type PreviousCosts,
  SessionDamagedError,
  type SessionSummary,
  type SessionToKeep,
  sessionTextOf,
} from '@tracepost/stores';
import { columnText } from '../column-text.ts';
import { jsonText } from '../json-text.ts';
import { pack, unpack } from './pack.ts';
import type { SessionsTable } from './schema.ts';
import { sessionKey } from './session-key.ts';

/** What lies packed beside the document. */
interface Analysed {
  readonly analysis: SessionAnalysis;
  readonly previousCosts: readonly PreviousCosts[];
}

export type NewSessionRow = Omit<SessionsTable, 'version' | 'exported_version'>;

export async function toSessionRow(session: SessionToKeep): Promise<NewSessionRow> {
  const { tenantId, document, analysis, previousCosts, nowMs, takenAtMs = nowMs } = session;
  const { startedAtMs, endedAtMs } = analysis.totals;
  const startedMs = startedAtMs ?? endedAtMs ?? takenAtMs;
  const packed = await pack('document', document);
  const analysed = await pack('analysis', { analysis, previousCosts } satisfies Analysed);
  return {
    session_key: sessionKey(tenantId, document.sessionId),
    tenant_id: columnText(tenantId),
    session_id: columnText(document.sessionId),
    agent_id: columnText(document.agentId),
    complexity: analysis.complexity.complexity,
    started_ms: startedMs,
    ended_ms: Math.max(startedMs, endedAtMs ?? startedMs),
    // A time to come says nothing about when something happened last.
    quiet_since_ms: Math.min(endedAtMs ?? nowMs, nowMs),
    taken_at_ms: nowMs,
    changed_at_ms: nowMs,
    summary: jsonText(toSummary(session)),
    analysis_bytes: analysed.jsonBytes,
    search_text: sessionTextOf(document),
    analysis: analysed.bytes,
    document: packed.bytes,
  };
}

type StoredSummary = Omit<SessionSummary, 'version' | 'takenAtMs' | 'changedAtMs'>;

function toSummary({ tenantId, document, analysis }: SessionToKeep): StoredSummary {
  const { sessionId, format, agentId, parentSessionId, title, outcome } = document;
  return {
    tenantId,
    sessionId,
    format,
    agentId,
    parentSessionId,
    title,
    outcome,
    providers: named(analysis.models.map(({ provider }) => provider)),
    models: named(analysis.models.map(({ model }) => model)),
    complexity: analysis.complexity.complexity,
    totals: analysis.totals,
  };
}

function named(names: readonly (string | null)[]): string[] {
  return [...new Set(names.filter((name) => name !== null))].sort();
}

export const SUMMARY_COLUMNS = ['summary', 'version', 'taken_at_ms', 'changed_at_ms'] as const;

/** Null: it was damaged on the disk, which is that session's alone. */
export function fromSummaryRow(row: Pick<SessionsTable, (typeof SUMMARY_COLUMNS)[number]>): SessionSummary | null {
  const { version, taken_at_ms, changed_at_ms } = row;
  const stored = parsed<StoredSummary>(row.summary);
  return stored && { ...stored, version, takenAtMs: taken_at_ms, changedAtMs: changed_at_ms };
}

function parsed<T>(json: string): T | null {
  try {
    return JSON.parse(json) as T;
  } catch {
    return null;
  }
}

export const KEPT_COLUMNS = ['version', 'taken_at_ms', 'changed_at_ms', 'analysis', 'document'] as const;

/** Rejects with `SessionDamagedError`. */
export async function fromKeptRow(
  { tenantId, sessionId }: { readonly tenantId: string; readonly sessionId: string },
  row: Pick<SessionsTable, (typeof KEPT_COLUMNS)[number]>,
): Promise<KeptSession> {
  const { version, taken_at_ms, changed_at_ms } = row;
  const known = { sessionId, version, takenAtMs: taken_at_ms };
  const document = await unpack<SessionDocument>(row.document).catch((cause: unknown) => {
    throw new SessionDamagedError({ ...known, document: null }, { cause });
  });
  const { analysis, previousCosts } = await unpack<Analysed>(row.analysis).catch((cause: unknown) => {
    throw new SessionDamagedError({ ...known, document }, { cause });
  });
  return {
    tenantId,
    document,
    analysis,
    previousCosts,
    version,
    takenAtMs: taken_at_ms,
    changedAtMs: changed_at_ms,
  };
}

export async function analysisOf({ analysis }: Pick<SessionsTable, 'analysis'>): Promise<SessionAnalysis> {
  return (await unpack<Analysed>(analysis)).analysis;
}
