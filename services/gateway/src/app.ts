import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Broker, createEventPublisher, createNotificationPublisher } from '@tracepost/messaging';
import type { Outbox } from '@tracepost/messaging/outbox';
import type {
  ArtifactStore,
  AuditStore,
  DeadLetterStore,
  EventStore,
  IdempotencyKeyStore,
  InboxStore,
  LogStore,
  MetricStore,
  RecordedMetricStore,
  RecordStore,
  RollupStore,
  SessionStore,
  TraceReader,
  TraceSummaryStore,
} from '@tracepost/stores';
import { openConnections, type Telemetry } from '@tracepost/telemetry';
import { createAgentDirectory } from './agents/agent-directory.ts';
import { createKnownAgents } from './agents/known-agents.ts';
import { createPayloadCheck } from './agents/payload-check.ts';
import type { GatewayConfig } from './config.ts';
import { OpenPortRefusedError, PortTakenError } from './errors.ts';
import { createChecks, type Reporting } from './health/checks.ts';
import { createHealthMonitor } from './health/health-monitor.ts';
import { createLedger } from './health/ledger.ts';
import { createStorageSize } from './health/storage-size.ts';
import { LIMITS } from './http/limits.ts';
import { createServer } from './http/server.ts';
import { watchUnusedConnections } from './http/unused-connections.ts';
import { createEventRing } from './live/event-ring.ts';
import { createEventStreams } from './live/event-streams.ts';
import { createLiveFeed } from './live/live-feed.ts';
import { createMetricService } from './metrics/metric-service.ts';
import { createIdempotency } from './notify/idempotency.ts';
import { createNotifier } from './notify/notifier.ts';
import { createWaitingRoom, type WaitingRoom } from './notify/waiting-room.ts';
import { observeGateway } from './observe.ts';
import { createQueueOverview } from './queues/queue-overview.ts';
import { createRecentWaits } from './queues/recent-waits.ts';
import { createEventSender } from './recording/event-sender.ts';
import { addAgentMetricsRoute } from './routes/agent-metrics.ts';
import { addAgentRoutes } from './routes/agents.ts';
import { addAnalysisRoutes } from './routes/analysis.ts';
import { addArtifactRoutes } from './routes/artifacts.ts';
import { addAuditRoute } from './routes/audit.ts';
import { addDeadLetterRoutes } from './routes/dead-letters.ts';
import { addDocumentedRoutes } from './routes/docs.ts';
import { addHealthRoutes } from './routes/health.ts';
import { addLiveRoutes } from './routes/live.ts';
import { addLogRoute } from './routes/logs.ts';
import { addMetricRoutes } from './routes/metrics.ts';
import { addNotifyRoute } from './routes/notify.ts';
import { addQueueRoute } from './routes/queues.ts';
import { addRecordingRoutes } from './routes/recording.ts';
import { addSessionImportRoute } from './routes/session-import.ts';
import { addSessionRoutes } from './routes/sessions.ts';
import { addTaskActionRoutes } from './routes/task-actions.ts';
import { addTaskListRoute } from './routes/task-list.ts';
import { addTaskRoute } from './routes/tasks.ts';
import { addTraceListRoute } from './routes/trace-list.ts';
import { addTraceRoute } from './routes/traces.ts';
import { createDiskReserve } from './sessions/disk-reserve.ts';
import { createSessionReader } from './sessions/session-reader.ts';
import { createTakenTranscripts } from './sessions/taken-transcripts.ts';
import { createAcceptedAnnouncer } from './tasks/announce-accepted.ts';
import { sendEventsThrough } from './tasks/durable-events.ts';
import { createTaskActions } from './tasks/task-actions.ts';
import { createTaskMemory } from './tasks/task-memory.ts';
import { createTaskPages } from './tasks/task-pages.ts';
import { createTaskReader } from './tasks/task-reader.ts';

export interface GatewayOptions {
  readonly config: GatewayConfig;
  readonly broker: Broker;
  /** Takes what the broker cannot take now; null where the broker's disk is this process's own, and fails with it. */
  readonly outbox: Outbox | null;
  readonly records: RecordStore;
  readonly keys: IdempotencyKeyStore;
  readonly inbox: Pick<InboxStore, 'cancel' | 'payloadOf'>;
  readonly deadLetters: DeadLetterStore;
  readonly audit: AuditStore;
  readonly rollups: Pick<RollupStore, 'readWindow'>;
  readonly recordedEvents: Pick<EventStore, 'list'>;
  readonly traces: TraceReader;
  /** What traces are found by. */
  readonly traceSummaries: Pick<TraceSummaryStore, 'list'>;
  readonly logs: LogStore;
  readonly metrics: MetricStore;
  readonly recordedMetrics: Pick<RecordedMetricStore, 'querySamples' | 'catalog'>;
  /** Opened when somebody first asks for a session. */
  readonly openSessions: () => Promise<SessionStore>;
  readonly artifacts: ArtifactStore;
  readonly telemetry: Telemetry;
  /** What the telemetry of this process was set to; what its defaults are when nothing is said. */
  readonly reporting?: Reporting;
}

export interface Gateway {
  /**
   * Learns which agents are known and begins to hear events, without listening yet; whoever starts agents in the same
   * process calls it before, so that the first request finds them. `listen` does it otherwise. Safe to call twice.
   */
  start(): Promise<void>;
  /** Resolves once it listens; broker and stores may come later. Rejects with `PortTakenError` or `OpenPortRefusedError`. */
  listen(): Promise<{ url: string }>;
  /** Stops accepting, ends what is under way, wakes those who wait. Leaves broker and stores to whoever made them. Safe to call twice. */
  close(): Promise<void>;
}

const DISK_RESERVE_MIB = 256;

/** HTTP in, notifications out. */
export function createGateway(options: GatewayOptions): Gateway {
  const { config, broker, outbox, records, keys, inbox, deadLetters, audit } = options;
  const { traces, logs, metrics, artifacts, telemetry } = options;
  const { logger } = telemetry;
  const storageFolder = config.storageFolder ?? null;
  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;

  const ring = createEventRing();
  const streams = createEventStreams({ metrics: telemetry.metrics });
  const memory = createTaskMemory({ onEvent: ring.push });
  const tasks = createTaskReader({ memory, records, timeoutMs: LIMITS.storeTimeoutMs });
  const agents = createAgentDirectory();
  const known = createKnownAgents({ agents, broker, records, logger });
  const events = createEventPublisher({ broker: outbox === null ? broker : sendEventsThrough(outbox) });
  const announcer = createAcceptedAnnouncer({ events, logger });
  const waits = createRecentWaits();
  const feed = createLiveFeed({
    broker,
    queue: `gateway.live.${randomUUID()}`,
    logger,
    onTaskEvent(event, bytes) {
      memory.apply(event, bytes);
      waits.note(event);
    },
    onAnnouncement: known.onAnnouncement,
    onInterrupted: () => ring.interrupt('feed_interrupted'),
  });
  const ledger = createLedger({ metrics, records });
  const reporting = options.reporting ?? { isOff: false, everyMs: 5_000 };
  const sessions = createSessionReader(options.openSessions);
  const storage = createStorageSize(storageFolder);
  const queues = createQueueOverview({ broker, agents, records, deadLetters, waits });
  const monitor = createHealthMonitor({
    specs: createChecks({
      broker,
      outbox,
      records,
      metrics,
      traces,
      logs,
      agents,
      ledger,
      reporting,
      queues,
      storageFolder,
    }),
  });
  const publisher = createNotificationPublisher({ broker, outbox, telemetry });
  const actions = createTaskActions({
    broker,
    events,
    tasks,
    records,
    inbox,
    deadLetters,
    audit,
    publisher,
    memory,
    announcer,
    known,
    logger,
  });
  const sender = createEventSender({ broker, telemetry });
  const payloads = createPayloadCheck({ logger });
  const notifier = createNotifier({ agents, payloads, publisher, memory, announcer, known });
  const transcripts = createTakenTranscripts({ records, inbox, artifacts, logger });
  const background = [known, feed, ledger, storage, monitor, queues, sender, transcripts];
  let stopObserving: (() => void) | null = null;

  const app = createServer({
    telemetry,
    allowedHosts: config.allowedHosts,
    maxConnections: config.maxConnections ?? LIMITS.connections,
    isStopping,
  });
  const closeUnused = watchUnusedConnections(app.server);
  const connections = openConnections(app.server);
  addDocumentedRoutes(app, (documented) => {
    addNotifyRoute(documented, {
      notifier,
      idempotency: createIdempotency({ keys, logger }),
      waiting: waitingRoom(config),
      metrics: telemetry.metrics,
    });
    addTaskListRoute(documented, {
      pages: createTaskPages({ memory, records, timeoutMs: LIMITS.storeTimeoutMs }),
      logger,
    });
    addTaskRoute(documented, { tasks, stopping: stopping.signal });
    addTaskActionRoutes(documented, actions);
    addLiveRoutes(documented, { streams, ring, memory, tasks });
    addTraceListRoute(documented, { summaries: options.traceSummaries, logger });
    addTraceRoute(documented, { traces, tasks, logger });
    addLogRoute(documented, { logs, logger });
    addAgentRoutes(documented, { agents });
    addAgentMetricsRoute(documented, { agents, rollups: options.rollups, logger });
    addQueueRoute(documented, { queues });
    addDeadLetterRoutes(documented, { ...actions, agents, known, deadLetters, tasks, logger });
    addAuditRoute(documented, { audit, logger });
    addRecordingRoutes(documented, {
      sender,
      events: options.recordedEvents,
      waiting: waitingRoom(config),
      metrics: telemetry.metrics,
      logger,
    });
    addMetricRoutes(documented, {
      metrics: createMetricService({ metrics, recorded: options.recordedMetrics }),
      logger,
    });
    addArtifactRoutes(documented, { artifacts, logger });
    addSessionRoutes(documented, { sessions, logger });
    addAnalysisRoutes(documented, { sessions, logger });
    addSessionImportRoute(documented, {
      notifier,
      tasks,
      artifacts,
      reserve: createDiskReserve(storageFolder, (config.diskReserveMib ?? DISK_RESERVE_MIB) * 1024 ** 2),
      stopping: stopping.signal,
      metrics: telemetry.metrics,
      logger,
    });
    addHealthRoutes(documented, { monitor, ledger, storage, retention: describeRetention(config), isStopping });
  });

  const stop = async (): Promise<void> => {
    stopping.abort();
    memory.wakeAll();
    streams.endAll();
    closeUnused();
    // Whatever a client does: past the deadline its connection is cut.
    const cut = setTimeout(() => app.server.closeAllConnections(), LIMITS.stopMs);
    // A kept connection is idle again once its last answer is out: Node would wait for its client to leave.
    const sweep = setInterval(() => app.server.closeIdleConnections(), LIMITS.stopSweepMs);
    await app.close();
    clearTimeout(cut);
    clearInterval(sweep);
    await announcer.drain(LIMITS.drainMs);
    stopObserving?.();
    await Promise.all([...background.map((part) => part.close()), sessions.close()]);
  };
  let stopped: Promise<void> | null = null;
  let started: Promise<void> | null = null;

  const start = async (): Promise<void> => {
    stopObserving = observeGateway(telemetry, { queues, monitor, connections });
    const begun = Promise.all(background.map((part) => part.start()));
    // The first request shall find the agents known; a broker or store that is away is not waited for.
    await Promise.race([begun, sleep(LIMITS.warmUpMs, undefined, { ref: false })]);
  };
  const startOnce = (): Promise<void> => {
    started ??= start();
    return started;
  };

  return {
    start: startOnce,
    async listen() {
      if (!isLoopback(config.host) && !config.localOnly) throw new OpenPortRefusedError(config.host);
      try {
        const url = await app.listen({ host: config.host, port: config.port });
        await startOnce();
        return { url };
      } catch (error) {
        const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
        throw isTaken ? new PortTakenError(config.host, config.port, error) : error;
      }
    },
    close() {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** Keys and payloads have their times from the promises that are made with them; what others keep is told where it is known. */
function describeRetention(config: GatewayConfig): Record<string, string> {
  const days = {
    tasks: config.taskDays,
    audit: config.taskDays,
    artifacts: config.taskDays,
    deadLetters: config.deadLetterDays,
    events: config.eventDays,
    recordedMetrics: config.recordedMetricDays,
    sessions: config.sessionDays,
    traces: config.traceDays,
    logs: config.logsDays,
    metrics: config.metricsDays,
    metricHours: config.metricHoursDays,
  };
  const known = Object.entries(days).filter(([, count]) => count !== undefined);
  return {
    ...Object.fromEntries(known.map(([what, count]) => [what, `${count} days`])),
    payloads: '7 days',
    idempotencyKeys: '24 hours',
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function waitingRoom({ maxWaiting = LIMITS.waitingRequests }: GatewayConfig): WaitingRoom {
  return createWaitingRoom({ maxRequests: maxWaiting, maxBytes: LIMITS.waitingBytes });
}
