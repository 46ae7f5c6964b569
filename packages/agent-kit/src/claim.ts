import type { AttemptFacts, TaskEvent } from '@tracepost/contracts';
import type { ReceivedNotification } from '@tracepost/messaging';
import type { AttemptBeginning, ClaimOutcome, InboxStore } from '@tracepost/stores';
import type { AgentDescription } from './runner.ts';

/** The right to run one attempt and to tell how it ended. Without an inbox everybody has it, and nothing is remembered. */
export interface Claim {
  /** Number of the attempt that begins now. */
  readonly attempt: number;
  /** Attempts of this task that ended with the death of their process. */
  readonly crashes: number;
  readonly isCancelRequested: boolean;
  /** Attempts before this one that were lost with their workers, perhaps before anybody had heard that they began. */
  readonly lostAttempts: readonly AttemptFacts[];
  /**
   * True once the claim is exchanged for the next attempt's, and what is told of this one is kept; false when another worker has it. Rejects
   * when the store is away.
   */
  awaitRetry(nextAttempt: number, event: TaskEvent): Promise<boolean>;
  /** Gives the attempt back unharmed; what is not given back counts as a crash when another worker takes it over. */
  release(): Promise<void>;
  /** The ending that holds, which may be an earlier one; null when another worker has the claim. Rejects when the store is away. */
  end(event: TaskEvent): Promise<TaskEvent | null>;
}

export type Claiming =
  | { readonly status: 'claimed'; readonly claim: Claim }
  | Exclude<ClaimOutcome, { readonly status: 'claimed' }>;

/** For a thread, twice half a minute; for its turn to run alone, a minute. */
const WAITS_MS = 120_000;
/** Beyond that: for the grace of a cancelled handler, for a large result, and until its ending is written. */
const GRACE_MS = 60_000;

export interface ClaimFacts {
  readonly agent: AgentDescription;
  readonly workerId: string;
  readonly takenAtMs: number;
}

export async function claimAttempt(
  inbox: InboxStore | null,
  { agent, workerId, takenAtMs }: ClaimFacts,
  received: ReceivedNotification,
): Promise<Claiming> {
  if (!inbox) return { status: 'claimed', claim: rememberNothing(received) };
  const { notification, message, copy, isRedelivered, crashes } = received;
  const { taskId } = notification;
  const timeoutMs = notification.timeoutMs ?? agent.timeoutMs;
  const nowMs = Date.now();
  const outcome = await inbox.claim({
    taskId,
    agentId: agent.id,
    workerId,
    // The broker's count is left out: it also counts deliveries that only waited for their turn when their worker died.
    attempt: notification.attempt - crashes,
    copy,
    isRedelivered,
    nowMs,
    // It may run twice under one claim: with its neighbours, and alone after they died together.
    expiresAtMs: nowMs + 2 * timeoutMs + WAITS_MS + GRACE_MS,
    beginning: beginningOf(received, takenAtMs),
    payload: { body: message.body, properties: propertiesOf(received) },
  });
  if (outcome.status !== 'claimed') return outcome;
  const { generation, isCancelRequested, attempt, lostAttempts } = outcome;
  return {
    status: 'claimed',
    claim: {
      isCancelRequested,
      attempt,
      crashes: outcome.crashes,
      lostAttempts,
      release: async () => void (await inbox.release({ taskId, generation })),
      awaitRetry: (nextAttempt, event) => inbox.awaitRetry({ taskId, generation, nextAttempt, event }),
      async end(event) {
        const ended = await inbox.end({ taskId, generation, event });
        return ended.status === 'ended' ? ended.event : null;
      },
    },
  };
}

/** What is told of an attempt when it begins, known before it is claimed. */
export function beginningOf(
  { queueWaitMs, backOffMs, span }: ReceivedNotification,
  takenAtMs: number,
): AttemptBeginning {
  return {
    startedAt: new Date(takenAtMs).toISOString(),
    queueWaitMs,
    ...(backOffMs === null ? {} : { backOffMs }),
    spanId: span.spanContext().spanId,
  };
}

function rememberNothing({ notification, crashes }: ReceivedNotification): Claim {
  return {
    isCancelRequested: false,
    attempt: notification.attempt,
    crashes,
    lostAttempts: [],
    release: async () => {},
    awaitRetry: async () => true,
    end: async (event) => event,
  };
}

function propertiesOf({ notification }: ReceivedNotification) {
  const { notificationType, source, correlationId, sessionId, priority, tenantId } = notification;
  return { notificationType, source, correlationId, sessionId, priority, tenantId };
}
