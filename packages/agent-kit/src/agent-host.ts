import {
  type AgentAnnouncement,
  ANNOUNCE_INTERVAL_MS,
  NO_USAGE,
  type TaskEvent,
  taskEventId,
} from '@tracepost/contracts';
import {
  type BrokenMessage,
  type Broker,
  type Consumption,
  consumeNotifications,
  createEventPublisher,
  type EventPublisher,
  eventsTopology,
} from '@tracepost/messaging';
import type { ArtifactStore, InboxStore } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import { createAgentActivity } from './agent-activity.ts';
import { listenForCancels } from './cancel-listener.ts';
import type { Agent } from './define-agent.ts';
import { createInlineRunner } from './inline-runner.ts';
import type { AgentDescription, AgentRunner } from './runner.ts';
import { createRunningTasks } from './running-tasks.ts';
import { createSuspects } from './suspects.ts';
import { publishSurely, tellHistory } from './task-events.ts';
import { workOnTask } from './work-on-task.ts';

export type AgentHostOptions = HostedAgents & {
  readonly broker: Broker;
  /** What makes duplicated deliveries harmless. Null, for unit tests: a message that comes twice is worked on twice, and there is no `once`. */
  readonly inbox: InboxStore | null;
  readonly telemetry: Telemetry;
  /** Stands in every record: stable while the process lives, different for each. */
  readonly workerId: string;
  /** How long running tasks may go on when the host stops; then they are given back. */
  readonly graceMs?: number;
  /** How often what agents did is told as `agent.metric`; a minute. */
  readonly activityIntervalMs?: number;
};

/** Agents run in this very thread (for tests), or runners that know better: `createThreadRunner`. */
export type HostedAgents =
  | { readonly agents: readonly Agent[]; readonly artifacts: ArtifactStore; readonly runners?: undefined }
  | { readonly runners: readonly AgentRunner[]; readonly agents?: undefined };

export interface AgentHost {
  /** Resolves when every agent is consuming and announced; waits while the broker is away. Rejects when it is closed first. */
  start(): Promise<void>;
  /** True while every agent is consuming. */
  readonly isReady: boolean;
  close(): Promise<void>;
}

const DEFAULT_GRACE_MS = 8_000;

/** Runs agents: announces them, takes their notifications and works on as many at a time as each has capacity for. */
export function createAgentHost(options: AgentHostOptions): AgentHost {
  const { broker, inbox, telemetry, workerId, graceMs = DEFAULT_GRACE_MS } = options;
  const runners = runnersOf(options);
  const events = createEventPublisher({ broker });
  const running = createRunningTasks();
  const suspects = createSuspects();
  const activity = createAgentActivity(events, options.activityIntervalMs);
  const active = new Map<string, number>(runners.map(({ agent }) => [agent.id, 0]));
  const consumptions: Consumption[] = [];
  let announcing: NodeJS.Timeout | undefined;
  let stopObserving: (() => void) | undefined;
  let control: Consumption | undefined;
  let isReady = false;
  let closing: Promise<void> | undefined;

  const announce = (state: AgentAnnouncement['state']) =>
    Promise.all(runners.map(({ agent }) => events.publishAnnouncement(describeAgent(agent, workerId, state))));

  const consume = (runner: AgentRunner): Promise<Consumption> => {
    const { agent } = runner;
    return consumeNotifications({
      broker,
      telemetry,
      agentId: agent.id,
      workerId,
      prefetch: 2 * agent.capacity,
      capacity: agent.capacity,
      onBroken: (broken) => tellDead({ events, inbox, telemetry, agentId: agent.id, workerId }, broken),
      work: async (received) => {
        active.set(agent.id, (active.get(agent.id) ?? 0) + 1);
        try {
          return await workOnTask(
            { runner, workerId, events, telemetry, inbox, running, suspects, activity },
            received,
          );
        } finally {
          active.set(agent.id, (active.get(agent.id) ?? 1) - 1);
        }
      },
    });
  };

  const close = async (): Promise<void> => {
    clearInterval(announcing);
    isReady = false;
    stopObserving?.();
    // Beside the rest: a broker that does not answer must not use up the time of running work.
    const told = consumptions.length > 0 ? announce('stopped') : undefined;
    // At the end of the grace time the handlers are told; a little later what still has not settled is given back.
    const grace = setTimeout(() => running.stop(), graceMs);
    await Promise.all(consumptions.map((consumption) => consumption.close({ deadlineMs: graceMs + 500 })));
    clearTimeout(grace);
    running.stop();
    await control?.close();
    if (consumptions.length > 0) await activity.close();
    await told;
    await Promise.all(runners.map((runner) => runner.close()));
  };

  return {
    get isReady() {
      return isReady && consumptions.every((consumption) => consumption.isConsuming);
    },
    async start() {
      await broker.declare(eventsTopology());
      control = await listenForCancels({
        broker,
        telemetry,
        workerId,
        agentIds: runners.map(({ agent }) => agent.id),
        cancel: running.cancel,
      });
      if (closing) {
        await control.close();
        throw new Error('the host was closed while it started');
      }
      for (const runner of runners) {
        const consumption = await consume(runner);
        consumptions.push(consumption);
        if (!closing) continue;
        await consumption.close({ deadlineMs: 0 });
        throw new Error('the host was closed while it started');
      }
      stopObserving = telemetry.metrics.observe('tracepost.agent.capacity.utilization', () =>
        runners.map(({ agent }) => ({
          value: (active.get(agent.id) ?? 0) / agent.capacity,
          attributes: { 'tracepost.agent.id': agent.id },
        })),
      );
      // Before the wait for the broker's word: a stop meanwhile ends it.
      activity.start();
      announcing = setInterval(() => void announce('running'), ANNOUNCE_INTERVAL_MS);
      await announce('running');
      isReady = !closing;
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function runnersOf(options: AgentHostOptions): readonly AgentRunner[] {
  return options.runners ?? options.agents.map((agent) => createInlineRunner(agent, options));
}

function describeAgent(
  agent: AgentDescription,
  workerId: string,
  state: AgentAnnouncement['state'],
): AgentAnnouncement {
  return {
    agentId: agent.id,
    description: agent.description,
    version: agent.version,
    workerId,
    capacity: agent.capacity,
    state,
    at: new Date().toISOString(),
    notificationTypes: Object.entries(agent.notifications).map(([type, { description, schema }]) => ({
      type,
      description,
      schema,
    })),
  };
}

/** A message that nobody can read is a dead task, when it can be named at all; counted once it is told, since until then it comes again. */
async function tellDead(
  { events, inbox, telemetry, agentId, workerId }: DeadTeller,
  { taskId, message, traceId, reason, detail }: BrokenMessage,
): Promise<boolean> {
  const countDead = (): void =>
    telemetry.metrics.add('tracepost.task.executions', 1, {
      'tracepost.agent.id': agentId,
      'tracepost.task.status': 'dead',
      'tracepost.tenant.id': 'default',
    });
  // Nobody could be told of a task without a name; its message lies in the dead-letter queue all the same.
  if (taskId === null) {
    countDead();
    return true;
  }
  const at = new Date().toISOString();
  const event: TaskEvent = {
    eventId: taskEventId(taskId, 0, 'dead'),
    kind: 'dead',
    at,
    by: workerId,
    task: {
      taskId,
      agentId,
      notificationType: message.type ?? 'unknown',
      tenantId: 'default',
      priority: 'normal',
      acceptedAt: at,
      source: message.appId ?? null,
      sessionId: null,
      correlationId: null,
      traceId,
      parentTaskId: null,
    },
    usage: { ...NO_USAGE },
    error: { code: reason, message: detail },
    stopReason: reason,
  };
  try {
    const ended = await inbox?.end({ taskId, generation: null, event });
    // It may be a garbled copy of a task that ended well long ago: then that ending holds.
    const holds = ended?.status === 'ended' ? ended.event : event;
    const isHistoryTold = ended?.status !== 'ended' || (await tellHistory(events, ended));
    const isTold = isHistoryTold && (await publishSurely(events, holds));
    if (isTold && holds.eventId === event.eventId) countDead();
    return isTold;
  } catch (error) {
    telemetry.logger.warn(
      { layer: 'store', result: 'error', agentId, taskId, error },
      'A message that cannot be read waits: the inbox does not answer, so its task cannot be called dead',
    );
    return false;
  }
}

interface DeadTeller {
  readonly events: EventPublisher;
  readonly inbox: InboxStore | null;
  readonly telemetry: Telemetry;
  readonly agentId: string;
  readonly workerId: string;
}
