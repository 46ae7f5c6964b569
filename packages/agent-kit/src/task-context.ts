import type { Usage } from '@tracepost/contracts';
import { type Picodollars, toPicodollars, toUsd } from '@tracepost/pricing';
import type { AttemptOptions } from './attempt.ts';
import type { TaskContext } from './define-agent.ts';
import { createModelCallRecorder } from './model-calls.ts';
import { createOnce } from './once.ts';
import { taskAttributes } from './task-attributes.ts';
import { createToolRunner } from './use-tool.ts';

/** What the handler of one attempt works with; what it does with it is summed up in `usage`. */
export function createTaskContext(
  { agent, notification, artifacts, telemetry, breakers, business, services }: AttemptOptions,
  signal: AbortSignal,
  usage: Usage,
): TaskContext {
  // Summed as whole numbers: a thousand small floats would drift.
  let cost: Picodollars = 0n;
  const addCost = (usd: number): void => {
    if (!Number.isFinite(usd) || usd < 0) throw new TypeError(`a cost is a number of US dollars from 0, not ${usd}`);
    cost += toPicodollars(usd);
    usage.costUsd = toUsd(cost);
  };
  const ids = taskAttributes(agent.id, notification);
  const taker = business.forTask([notification.taskId, notification.sessionId, notification.correlationId]);
  return {
    ...taker,
    taskId: notification.taskId,
    agentId: agent.id,
    notificationType: notification.notificationType,
    tenantId: notification.tenantId,
    sessionId: notification.sessionId,
    correlationId: notification.correlationId,
    attempt: notification.attempt,
    signal,
    logger: telemetry.logger,
    metrics: telemetry.metrics,
    artifacts,
    useTool: createToolRunner({
      telemetry,
      breakers,
      agentId: agent.id,
      ids,
      business: taker,
      signal,
      onUse: () => {
        usage.toolCalls += 1;
      },
    }),
    once: createOnce({
      taskId: notification.taskId,
      agentId: agent.id,
      tenantId: notification.tenantId,
      timeoutMs: Math.max(agent.timeoutMs, notification.timeoutMs ?? 0),
      signal,
      services,
      logger: telemetry.logger,
    }),
    reportStep: (text) => services.tellStep(text),
    recordModelCall: createModelCallRecorder({ telemetry, ids, usage, addCost }),
    addCost,
  };
}
