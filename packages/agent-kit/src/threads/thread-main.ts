import { parentPort, workerData } from 'node:worker_threads';
import { createTelemetry } from '@tracepost/telemetry';
import { startThreadTelemetry } from '@tracepost/telemetry/thread';
import { openAgentModule } from './agent-module.ts';
import { describeAgent } from './describe-agent.ts';
import { toPlainError } from './plain-error.ts';
import { createRuns } from './runs.ts';
import type { FromThread, ThreadData, ToThread } from './thread-messages.ts';

if (parentPort === null) throw new Error('thread-main.ts runs in a worker thread only');
const port = parentPort;
// Handed over by `AgentThread`, which is typed.
const { module, serviceName, terminalLevel, signals } = workerData as ThreadData;

const threadTelemetry = startThreadTelemetry(signals);
const telemetry = createTelemetry({ serviceName, terminalLevel });
const tell = (message: FromThread): void => port.postMessage(message);

try {
  const { agents, artifacts } = await openAgentModule(module, telemetry);
  const runs = createRuns({ agents, artifacts, telemetry, tell });
  const close = async (): Promise<void> => {
    await runs.close();
    await artifacts.close();
    await threadTelemetry.flush();
    tell({ kind: 'closed' });
  };
  port.on('message', (message: ToThread) => {
    if (message.kind === 'ping') tell({ kind: 'pong' });
    else if (message.kind === 'close') void close();
    else runs.take(message);
  });
  tell({ kind: 'ready', agents: agents.map(describeAgent) });
} catch (error) {
  tell({ kind: 'not_ready', error: toPlainError(error) });
}
