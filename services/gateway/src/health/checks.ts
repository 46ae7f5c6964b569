import { statfs } from 'node:fs/promises';
import { type Broker, describeState } from '@tracepost/messaging';
import type { Outbox } from '@tracepost/messaging/outbox';
import type { AgentDirectory } from '../agents/agent-directory.ts';
import type { QueueOverview } from '../queues/queue-overview.ts';
import type { CheckResult, CheckSpec } from './health-monitor.ts';
import type { Ledger } from './ledger.ts';

interface Pingable {
  ping(): Promise<void>;
}

/** Whether this process tells of itself, and how often; the others mean to do it alike. */
export interface Reporting {
  readonly isOff: boolean;
  readonly everyMs: number;
}

export interface CheckOptions {
  readonly broker: Broker;
  readonly outbox: Pick<Outbox, 'read'> | null;
  readonly records: Pingable;
  readonly metrics: Pingable;
  readonly traces: Pingable;
  readonly logs: Pingable;
  readonly agents: AgentDirectory;
  readonly ledger: Ledger;
  readonly queues: Pick<QueueOverview, 'recorderBacklog'>;
  readonly reporting: Reporting;
  /** Where artifacts (embedded: everything) lie; null when this process keeps nothing on disk. */
  readonly storageFolder: string | null;
}

/**
 * Ready means that work can make progress. Without the broker none does. Without the record store none does either, though notifications
 * are still taken: workers claim a task there before they run it, and give it back while they cannot. With the other stores
 * away everything goes on, unseen.
 */
export function createChecks(options: CheckOptions): CheckSpec[] {
  const { broker, outbox, records, metrics, traces, logs, agents, ledger, reporting, queues, storageFolder } = options;
  const specs: CheckSpec[] = [
    { name: 'broker', isCritical: true, run: () => checkBroker(broker) },
    { name: 'records', isCritical: true, graceMs: RECORDS_GRACE_MS, run: () => checkRecords(records, queues) },
    pingCheck('metrics', metrics),
    pingCheck('traces', traces),
    pingCheck('logs', logs),
    { name: 'agents', isCritical: false, run: () => checkAgents(agents) },
    { name: 'telemetry', isCritical: false, run: () => checkTelemetry(ledger, reporting) },
  ];
  if (outbox !== null) specs.push({ name: 'outbox', isCritical: false, run: () => checkOutbox(outbox) });
  if (storageFolder !== null) specs.push({ name: 'disk', isCritical: false, run: () => checkDisk(storageFolder) });
  return specs;
}

/** A database that starts again, or one slow answer, is over by then. */
const RECORDS_GRACE_MS = 2_000;

/** What is observed as `tracepost.dependency.up`. */
export const DEPENDENCIES: ReadonlySet<string> = new Set(['broker', 'records', 'metrics', 'traces', 'logs']);

function pingCheck(name: string, store: Pingable): CheckSpec {
  return {
    name,
    isCritical: false,
    async run() {
      await store.ping();
      return { status: 'healthy', message: 'answers' };
    },
  };
}

/** So many events are behind by minutes: whoever reads records should know. */
const LARGE_BACKLOG = 20_000;

async function checkRecords(records: Pingable, { recorderBacklog }: CheckOptions['queues']): Promise<CheckResult> {
  await records.ping();
  if (recorderBacklog === null) return { status: 'healthy', message: 'answers' };
  const message = `answers; ${recorderBacklog} events wait to be recorded`;
  const status = recorderBacklog > LARGE_BACKLOG ? 'degraded' : 'healthy';
  return { status, message, backlog: recorderBacklog };
}

function checkBroker(broker: Broker): CheckResult {
  if (broker.state === 'ready') return { status: 'healthy', message: 'connected' };
  return { status: 'unhealthy', message: describeState(broker) };
}

function checkOutbox(outbox: Pick<Outbox, 'read'>): CheckResult {
  const { messages, maxMessages, bytes, maxBytes, oldestMs, fault, damaged } = outbox.read();
  const size = `${messages} messages (${(bytes / 1024 ** 2).toFixed(1)} MiB)`;
  const waiting = `${size} wait for the broker, the oldest for ${Math.round(oldestMs / 1_000)} s`;
  if (fault !== null) return { status: 'unhealthy', message: `cannot be written: ${fault}; ${size} wait` };
  // By bytes it is full before it is at its limit: the next message would be too much.
  if (messages >= maxMessages || bytes >= maxBytes * 0.99) return { status: 'unhealthy', message: `full: ${waiting}` };
  if (messages > 0) return { status: 'degraded', message: waiting };
  if (damaged > 0) return { status: 'degraded', message: `empty; ${damaged} damaged files or messages were set aside` };
  return { status: 'healthy', message: 'empty' };
}

/** An agent that has been gone for longer was taken away on purpose, most likely. */
const PAST_AFTER_MS = 86_400_000;

export function checkAgents(agents: Pick<AgentDirectory, 'list'>, now = Date.now()): CheckResult {
  const known = agents.list();
  const running = known.filter((agent) => agent.status === 'running');
  const stopped = known.filter((agent) => agent.status === 'stopped');
  const missing = stopped.filter((agent) => now - Date.parse(agent.lastSeenAt) <= PAST_AFTER_MS);
  const past = stopped.length - missing.length;
  const alsoPast = past === 0 ? '' : `; ${past} not heard of for more than a day`;
  if (known.length === 0) return { status: 'degraded', message: 'no agent has announced itself' };
  if (missing.length > 0) {
    const names = missing.slice(0, 10).map((agent) => agent.agentId);
    return { status: 'degraded', message: `without a running worker: ${names.join(', ')}${alsoPast}` };
  }
  const status = running.length === 0 ? 'degraded' : 'healthy';
  return { status, message: `${running.length} running${alsoPast}` };
}

/** Nobody is late for so long by chance. */
const SILENT_MS = 30_000;
const SILENT_INTERVALS = 3;

export function checkTelemetry(ledger: Pick<Ledger, 'read'>, { isOff, everyMs }: Reporting): CheckResult {
  const { tasks, successRate, isLosing, silentMs, rows } = ledger.read();
  const isSilent = silentMs > Math.max(SILENT_MS, SILENT_INTERVALS * everyMs);
  if (isOff && (isSilent || rows.every(({ since }) => since === null))) {
    const message = `${tasks} tasks; off by TRACEPOST_TELEMETRY: no process tells of itself, so there is no share of success, no loss and no ledger`;
    return { status: 'off', message };
  }
  const rate = successRate === null ? 'no task has ended yet' : `${(successRate * 100).toFixed(1)} % succeeded`;
  const message = `${tasks} tasks, ${rate}`;
  if (isSilent) {
    const silence = `no report of any process has arrived for ${Math.round(silentMs / 1_000)} s`;
    return { status: 'degraded', message: `${message}; ${silence}, so losses and the ledger are of then` };
  }
  return isLosing
    ? { status: 'degraded', message: `${message}; telemetry is being lost, see losses` }
    : { status: 'healthy', message };
}

const LOW_BYTES = 1024 ** 3;
const EMPTY_BYTES = 128 * 1024 ** 2;

async function checkDisk(folder: string): Promise<CheckResult> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  const message = `${(freeBytes / 1024 ** 3).toFixed(1)} GiB free`;
  if (freeBytes < EMPTY_BYTES) return { status: 'unhealthy', message };
  return { status: freeBytes < LOW_BYTES ? 'degraded' : 'healthy', message };
}
