import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createAgentHost } from '@tracepost/agent-kit';
import { startAgentRunners } from '@tracepost/agents';
import {
  createAnalyst,
  createEventTaker,
  createRollUps,
  openSessionDesk,
  samplingRules,
  seriesLimits,
} from '@tracepost/analyst';
import type { ServiceLife } from '@tracepost/config';
import { createGateway } from '@tracepost/gateway';
import { openEmbeddedBroker } from '@tracepost/messaging/embedded';
import { createRecorder, createRetention } from '@tracepost/recorder';
import { lockFolder } from '@tracepost/sqlite';
import { openFileArtifactStore } from '@tracepost/store-files';
import { openLocalSignalStore } from '@tracepost/store-local';
import { openSqliteRecordStore, openSqliteSessionStore } from '@tracepost/store-sql';
import { createTelemetry, observeDependencies, observeProcess, SERVICE_NAMES } from '@tracepost/telemetry';
import { attach, openThreadChannel, reporting, stop as stopTelemetry } from '@tracepost/telemetry/start';
import type { StandaloneConfig } from './config.ts';
import { forgetSessions } from './forget-sessions.ts';
import { type ReceiverUrls, startReceiver } from './start-receiver.ts';

const DAY_MS = 86_400_000;

/**
 * Every service in this process, on the embedded adapters. It stops in the order in which work flows: no new requests,
 * then the agents finish, then what they told is recorded, then telemetry, then the files. A close before anything was started does nothing.
 */
export async function startStandalone(
  config: StandaloneConfig,
  { onStop }: Pick<ServiceLife, 'onStop'>,
): Promise<ReceiverUrls & { readonly url: string }> {
  const { dataFolder } = config;
  const lock = await lockFolder(dataFolder);
  onStop(() => lock.release());

  const telemetryOf = (serviceName: string) => createTelemetry({ serviceName, terminalLevel: config.logLevel });
  const telemetry = {
    gateway: telemetryOf(SERVICE_NAMES.gateway),
    agents: telemetryOf(SERVICE_NAMES.agents),
    recorder: telemetryOf(SERVICE_NAMES.recorder),
    analyst: telemetryOf(SERVICE_NAMES.analyst),
  };
  const artifactsFolder = join(dataFolder, 'artifacts');
  const sessionsPath = join(dataFolder, 'sessions.db');
  // Before anybody else opens it: it is opened by several, whenever they need it.
  if (config.rescueDamaged && readdirSync(dataFolder).some((name) => name.startsWith('sessions.db'))) {
    const sessions = { path: sessionsPath, telemetry: telemetry.recorder, rescueDamaged: true };
    await (await openSqliteSessionStore(sessions)).close();
  }
  // Beside everything else: the threads of the agents take longest to start.
  const startingRunners = startAgentRunners({
    settings: config,
    artifactsFolder,
    sessions: { kind: 'sqlite', path: sessionsPath },
    telemetry: telemetry.agents,
    terminalLevel: config.logLevel,
    openChannel: openThreadChannel,
  });
  // Awaited below; until then a fault must not count as one that nobody handles.
  startingRunners.catch(() => {});
  onStop(async () => {
    const runners = await startingRunners.catch(() => []);
    await Promise.all(runners.map((runner) => runner.close()));
  });
  // Opened side by side, because each has a thread to start; closed by whoever opened, also when another one fails.
  const opened = async <T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> => {
    const part = await opening;
    onStop(() => part.close());
    return part;
  };
  const [signals, records, artifacts, broker] = await Promise.all([
    opened(
      openLocalSignalStore({
        path: join(dataFolder, 'telemetry.db'),
        telemetry: telemetry.analyst,
        reserveBytes: config.diskReserveMib * 1024 ** 2,
        keep: {
          spanDays: config.traceDays,
          logDays: config.logsDays,
          metricDays: config.metricsDays,
          metricHourDays: config.metricHoursDays,
        },
      }),
    ),
    opened(
      openSqliteRecordStore({
        path: join(dataFolder, 'records.db'),
        telemetry: telemetry.recorder,
        maxKeys: config.maxKeys,
        rescueDamaged: config.rescueDamaged,
      }),
    ),
    opened(openFileArtifactStore({ folder: artifactsFolder, telemetry: telemetry.gateway })),
    opened(
      openEmbeddedBroker({
        path: join(dataFolder, 'queue.db'),
        telemetry: telemetry.gateway,
        rescueDamaged: config.rescueDamaged,
      }),
    ),
  ]);

  const analyst = createAnalyst({
    ...signals,
    traceSummaries: records.traceSummaries,
    telemetry: telemetry.analyst,
    sampling: samplingRules(config),
    seriesLimits: seriesLimits(config),
    openSessionDesk: () =>
      openSessionDesk({
        openStore: () => openSqliteSessionStore({ path: sessionsPath, telemetry: telemetry.analyst }),
        ownPrices: config.ownPrices,
        telemetry: telemetry.analyst,
      }),
  });
  onStop(() => analyst.close());
  const rollUps = createRollUps({ metrics: signals.metrics, telemetry: telemetry.analyst });
  onStop(() => rollUps.close());
  attach(analyst.sink);
  onStop(stopTelemetry);
  onStop(() => analyst.settle());
  onStop(observeProcess(telemetry.gateway));
  // Before telemetry, and again with the files, which does nothing then.
  onStop(() => broker.close());

  // The gateway looks at all of them by itself.
  const recording = { broker: () => broker.state === 'ready', records: () => records.ping() };
  onStop(observeDependencies(telemetry.agents, recording));
  onStop(observeDependencies(telemetry.recorder, recording));
  const { traces, logs, metrics } = signals;
  const storing = { traces: () => traces.ping(), logs: () => logs.ping(), metrics: () => metrics.ping() };
  onStop(observeDependencies(telemetry.analyst, storing));

  const { inbox, keys, deadLetters, audit } = records;
  const recorder = createRecorder({ broker, records, inbox, deadLetters, telemetry: telemetry.recorder });
  onStop(() => recorder.close());
  const taker = createEventTaker({ broker, records, telemetry: telemetry.analyst });
  onStop(() => taker.close());
  const retention = createRetention({
    stores: records,
    keep: config,
    others: {
      ...signals.purges,
      artifacts: (nowMs) => artifacts.purge(nowMs, config.taskDays * DAY_MS),
      sessions: forgetSessions({ path: sessionsPath, days: config.sessionDays, telemetry: telemetry.recorder }),
    },
    telemetry: telemetry.recorder,
  });
  onStop(() => retention.close());
  const host = createAgentHost({
    runners: await startingRunners,
    broker,
    inbox,
    telemetry: telemetry.agents,
    workerId: `${hostname()}-${randomUUID().slice(0, 8)}`,
  });
  onStop(() => host.close());
  const gateway = createGateway({
    config: { ...config, storageFolder: dataFolder },
    broker,
    // The broker is a file on this disk: what keeps it from taking a message would keep an outbox beside it from that, too.
    outbox: null,
    records,
    keys,
    inbox,
    deadLetters,
    audit,
    rollups: records.rollups,
    recordedEvents: records.events,
    traceSummaries: records.traceSummaries,
    traces: signals.traces,
    logs: signals.logs,
    metrics: signals.metrics,
    recordedMetrics: records.recordedMetrics,
    openSessions: () => openSqliteSessionStore({ path: sessionsPath, telemetry: telemetry.gateway }),
    artifacts,
    telemetry: telemetry.gateway,
    reporting,
  });
  onStop(() => gateway.close());

  await Promise.all([recorder.start(), taker.start()]);
  retention.start();
  rollUps.start();
  // The gateway hears the agents announce themselves, and listens when everything behind it works.
  await gateway.start();
  await host.start();
  const { otlpGrpcPort, otlpHttpPort } = config;
  const door = { otlpGrpcPort, otlpHttpPort, sink: analyst.sink, telemetry: telemetry.analyst, onStop };
  const urls = await startReceiver(door);
  return { ...urls, ...(await gateway.listen()) };
}
