import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createAgentHost } from '@tracepost/agent-kit';
import { createAgents } from '@tracepost/agents';
import { createAnalyst } from '@tracepost/analyst';
import { createGateway } from '@tracepost/gateway';
import { openEmbeddedBroker } from '@tracepost/messaging/embedded';
import { createRecorder } from '@tracepost/recorder';
import { lockFolder } from '@tracepost/sqlite';
import { openFileArtifactStore } from '@tracepost/store-files';
import { openLocalSignalStore } from '@tracepost/store-local';
import { openSqliteRecordStore } from '@tracepost/store-sql';
import { createTelemetry, observeProcess, SERVICE_NAMES } from '@tracepost/telemetry';
import { attach, stop as stopTelemetry } from '@tracepost/telemetry/start';
import type { StandaloneConfig } from './config.ts';

export interface Standalone {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Every service in this process, on the embedded adapters. Stops in the order in which work flows: no new requests, then the
 * agents finish, then what they told is recorded, then telemetry, then the files.
 */
export async function startStandalone(config: StandaloneConfig): Promise<Standalone> {
  const { dataFolder } = config;
  await mkdir(dataFolder, { recursive: true });
  const lock = await lockFolder(dataFolder);

  const telemetryOf = (serviceName: string) => createTelemetry({ serviceName, terminalLevel: config.logLevel });
  const telemetry = {
    gateway: telemetryOf(SERVICE_NAMES.gateway),
    agents: telemetryOf(SERVICE_NAMES.agents),
    recorder: telemetryOf(SERVICE_NAMES.recorder),
    analyst: telemetryOf(SERVICE_NAMES.analyst),
  };

  const [broker, records, signals, artifacts] = await Promise.all([
    openEmbeddedBroker({ path: join(dataFolder, 'queue.db'), telemetry: telemetry.gateway }),
    openSqliteRecordStore({ path: join(dataFolder, 'records.db'), telemetry: telemetry.recorder }),
    openLocalSignalStore({ path: join(dataFolder, 'telemetry.db'), telemetry: telemetry.analyst }),
    openFileArtifactStore({ folder: join(dataFolder, 'artifacts'), telemetry: telemetry.gateway }),
  ]);

  const analyst = createAnalyst({ ...signals, telemetry: telemetry.analyst });
  attach(analyst.sink);
  const recorder = createRecorder({ broker, records, telemetry: telemetry.recorder });
  const host = createAgentHost({
    agents: await createAgents(config, telemetry.agents),
    broker,
    artifacts,
    telemetry: telemetry.agents,
    workerId: `${hostname()}-${randomUUID().slice(0, 8)}`,
  });
  const gateway = createGateway({
    config: { ...config, storageFolder: dataFolder },
    broker,
    records,
    traces: signals.traces,
    logs: signals.logs,
    metrics: signals.metrics,
    artifacts,
    telemetry: telemetry.gateway,
  });
  const stopObserving = observeProcess(telemetry.gateway);

  const close = async (): Promise<void> => {
    await gateway.close();
    await host.close();
    await recorder.close();
    await broker.close();
    stopObserving();
    await stopTelemetry();
    await analyst.close();
    await Promise.all([signals.close(), records.close(), artifacts.close()]);
    await lock.release();
  };

  try {
    await recorder.start();
    // The gateway hears the agents announce themselves, and listens when everything behind it works.
    await gateway.start();
    await host.start();
    const { url } = await gateway.listen();
    return { url, close };
  } catch (error) {
    await close();
    throw error;
  }
}
