import type { AuditEntry } from '@tracepost/contracts';
import type { HouseOptions } from '../src/contract/house-subject.ts';
import { type InboxCall, type InboxOutcome, type ModelRow, stepInbox } from '../src/contract/inbox-model.ts';
import {
  type AuditStore,
  type DeadLetter,
  type DeadLetterStore,
  type EffectOutcome,
  type HouseStores,
  type IdempotencyKeyStore,
  type InboxStore,
  type KeyOutcome,
  MAX_KEYS,
  RecordsRefusedError,
} from '../src/index.ts';
import { compare, type MemoryData, memoryData, memoryRecordStore } from './memory-record-store.ts';
import { memoryEvents, memoryRecordedMetrics, type RecordingData } from './memory-recording.ts';
import { countingRecords, memoryRollups, type RollupData, rollupData } from './memory-rollups.ts';
import { memoryTraceSummaries, type TraceData } from './memory-trace-summaries.ts';
import { pageOf } from './page-of.ts';

interface Effect {
  readonly begunAt: string;
  readonly isDone: boolean;
  readonly result: unknown;
}

interface Key {
  readonly bodyHash: string;
  readonly taskId: string;
  readonly traceId: string;
  readonly nowMs: number;
  readonly answer?: { readonly value: unknown };
}

/** What lies "on the disk": stores on the same data see each other. */
export interface HouseData extends MemoryData, RecordingData, RollupData {
  readonly inbox: Map<string, ModelRow & { readonly begunAtMs: number }>;
  readonly effects: Map<string, Effect>;
  readonly keys: Map<string, Key>;
  readonly letters: Map<string, DeadLetter & { readonly isRemoved?: boolean }>;
  readonly audit: Map<string, AuditEntry>;
  readonly traces: TraceData;
}

export function houseData(): HouseData {
  return {
    ...memoryData(),
    ...rollupData(),
    inbox: new Map(),
    effects: new Map(),
    keys: new Map(),
    letters: new Map(),
    audit: new Map(),
    events: new Map(),
    samples: [],
    traces: new Map(),
  };
}

/** The simplest stores that keep the contracts: what the suites themselves are tried on. */
export function memoryHouseStores(data: HouseData, { maxKeys = MAX_KEYS }: HouseOptions = {}): HouseStores {
  return {
    ...countingRecords(memoryRecordStore(data), data),
    inbox: memoryInbox(data),
    keys: memoryKeys(data, maxKeys),
    deadLetters: memoryDeadLetters(data),
    audit: memoryAudit(data),
    rollups: memoryRollups(data),
    events: memoryEvents(data),
    recordedMetrics: memoryRecordedMetrics(data),
    traceSummaries: memoryTraceSummaries(data.traces),
  };
}

const DAY_MS = 24 * 3_600_000;

function memoryInbox({ inbox, effects }: HouseData): InboxStore {
  const step = <Outcome extends InboxOutcome>(taskId: string, atMs: number, call: InboxCall): Outcome => {
    const known = inbox.get(taskId);
    const { row, outcome } = stepInbox(known ?? null, call);
    if (row) inbox.set(taskId, { ...row, begunAtMs: known?.begunAtMs ?? atMs });
    return outcome as Outcome;
  };
  const keyOf = (effect: { tenantId: string; scope: string; key: string }) =>
    JSON.stringify([effect.tenantId, effect.scope, effect.key]);

  return {
    async claim(request) {
      if (Number.isNaN(request.expiresAtMs + request.attempt)) throw new RecordsRefusedError('Not a number');
      return step(request.taskId, request.nowMs, { kind: 'claim', request });
    },
    awaitRetry: async (claim) => step(claim.taskId, 0, { kind: 'awaitRetry', claim }),
    release: async (claim) => step(claim.taskId, 0, { kind: 'release', claim }),
    end: async (ending) => step(ending.taskId, Date.parse(ending.event.at), { kind: 'end', ending }),
    cancel: async (request) => step(request.taskId, Date.parse(request.event.at), { kind: 'cancel', request }),
    payloadOf: async (taskId) => inbox.get(taskId)?.payload ?? null,
    async beginEffect(effect): Promise<EffectOutcome> {
      const known = effects.get(keyOf(effect));
      if (!known) effects.set(keyOf(effect), { begunAt: effect.at, isDone: false, result: null });
      if (!known) return { status: 'begun' };
      return known.isDone ? { status: 'done', result: known.result } : { status: 'uncertain', since: known.begunAt };
    },
    async endEffect({ result, ...effect }) {
      const known = effects.get(keyOf(effect));
      if (known && !known.isDone) effects.set(keyOf(effect), { ...known, isDone: true, result });
    },
    async forgetEffect(effect) {
      if (!effects.get(keyOf(effect))?.isDone) effects.delete(keyOf(effect));
    },
    async purge(nowMs) {
      let gone = 0;
      for (const [taskId, row] of inbox) {
        if (row.begunAtMs + 90 * DAY_MS <= nowMs) {
          inbox.delete(taskId);
          gone++;
        } else if (row.payload && row.begunAtMs + 7 * DAY_MS <= nowMs) {
          inbox.set(taskId, { ...row, payload: null });
          gone++;
        }
      }
      const old = [...effects].filter(([, { begunAt }]) => Date.parse(begunAt) + 90 * DAY_MS <= nowMs);
      for (const [key] of old) effects.delete(key);
      return gone + old.length;
    },
  };
}

function memoryKeys({ keys }: HouseData, maxKeys: number): IdempotencyKeyStore {
  const keyOf = (key: { tenantId: string; agentId: string; key: string }) =>
    JSON.stringify([key.tenantId, key.agentId, key.key]);
  return {
    async claim(request): Promise<KeyOutcome> {
      if (Number.isNaN(request.nowMs)) throw new RecordsRefusedError('Not a number');
      const known = keys.get(keyOf(request));
      if (!known && keys.size >= maxKeys) return { status: 'full' };
      if (!known || known.nowMs + DAY_MS <= request.nowMs) {
        const { bodyHash, taskId, traceId, nowMs } = request;
        keys.set(keyOf(request), { bodyHash, taskId, traceId, nowMs });
        return { status: 'mine' };
      }
      if (known.bodyHash !== request.bodyHash) return { status: 'conflict' };
      if (known.answer) return { status: 'answered', answer: known.answer.value };
      return { status: 'pending', taskId: known.taskId, traceId: known.traceId };
    },
    async answer({ answer, ...key }) {
      const known = keys.get(keyOf(key));
      if (known && !known.answer) keys.set(keyOf(key), { ...known, answer: { value: answer } });
    },
    async release(key) {
      const known = keys.get(keyOf(key));
      if (known && !known.answer && known.taskId === key.taskId) keys.delete(keyOf(key));
    },
    async purge(nowMs) {
      const old = [...keys].filter(([, known]) => known.nowMs + DAY_MS <= nowMs);
      for (const [key] of old) keys.delete(key);
      return old.length;
    },
  };
}

/** Of a letter that never came. */
const FORGOTTEN: Omit<DeadLetter, 'queue' | 'taskId' | 'deadAt'> = {
  agentId: '',
  notificationType: null,
  reason: '',
  error: null,
  attempts: [],
  traceId: null,
  headers: {},
  body: Buffer.alloc(0),
};

function memoryDeadLetters({ letters }: HouseData): DeadLetterStore {
  const keyOf = (queue: string, taskId: string) => JSON.stringify([queue, taskId]);
  const lying = () => [...letters.values()].filter(({ isRemoved }) => !isRemoved);
  return {
    async add(added) {
      try {
        JSON.stringify(added.map(({ headers }) => headers));
      } catch (cause) {
        throw new RecordsRefusedError('Nested too deep', { cause });
      }
      for (const letter of added) {
        const key = keyOf(letter.queue, letter.taskId);
        const known = letters.get(key);
        const diedAgain = known?.isRemoved && known.deadAt < letter.deadAt;
        if (!known || diedAgain) letters.set(key, letter);
      }
    },
    async list({ queue, limit, cursor }) {
      const sorted = lying()
        .filter((letter) => letter.queue === queue)
        .sort((a, b) => compare(b.deadAt, a.deadAt) || compare(b.taskId, a.taskId));
      return pageOf(sorted, {
        limit,
        cursor,
        placeOf: ({ deadAt, taskId }) => `${deadAt} ${taskId}`,
        bytesOf: ({ body }) => body.length,
      });
    },
    async get(queue, taskId) {
      return lying().find((letter) => letter.queue === queue && letter.taskId === taskId) ?? null;
    },
    async remove(queue, taskId) {
      const known = letters.get(keyOf(queue, taskId));
      if (!known || known.isRemoved) return false;
      letters.set(keyOf(queue, taskId), { ...known, isRemoved: true });
      return true;
    },
    async forget(queue, taskId, deadAt) {
      const known = letters.get(keyOf(queue, taskId)) ?? { ...FORGOTTEN, queue, taskId, deadAt };
      const isLater = known.deadAt < deadAt;
      letters.set(keyOf(queue, taskId), { ...known, ...(isLater ? { deadAt } : {}), isRemoved: true });
    },
    async count() {
      const byQueue = Map.groupBy(lying(), ({ queue }) => queue);
      return new Map([...byQueue].map(([queue, all]) => [queue, all.length]));
    },
    async purge(nowMs) {
      const old = [...letters].filter(([, { deadAt }]) => Date.parse(deadAt) + 30 * DAY_MS <= nowMs);
      for (const [key] of old) letters.delete(key);
      return old.length;
    },
  };
}

function memoryAudit({ audit }: HouseData): AuditStore {
  return {
    async add(entries) {
      for (const entry of entries) if (!audit.has(entry.auditId)) audit.set(entry.auditId, entry);
    },
    async list({ taskId, action, from, to, limit, cursor }) {
      const sorted = [...audit.values()]
        .filter((entry) => taskId === undefined || entry.taskId === taskId)
        .filter((entry) => action === undefined || entry.action === action)
        .filter(({ at }) => (from === undefined || at >= from) && (to === undefined || at < to))
        .sort((a, b) => compare(b.at, a.at) || compare(b.auditId, a.auditId));
      return pageOf(sorted, { limit, cursor, placeOf: ({ at, auditId }) => `${at} ${auditId}` });
    },
    async purge(nowMs) {
      const old = [...audit.values()].filter(({ at }) => Date.parse(at) + 90 * DAY_MS <= nowMs);
      for (const { auditId } of old) audit.delete(auditId);
      return old.length;
    },
  };
}
