import type { AuditAction, AuditEntry } from '@tracepost/contracts';
import type { AuditStore } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';
import { withDeadline } from '../deadline.ts';
import { createTaskId } from '../http/ids.ts';
import { LIMITS } from '../http/limits.ts';
import type { ProblemSpec } from '../http/problem.ts';
import { type Asker, recordsAway } from './asked.ts';

export interface AuditFacts {
  readonly action: AuditAction;
  readonly taskId: string;
  readonly agentId: string | null;
  readonly outcome: string;
  readonly newTaskId?: string;
}

/** Writes down who did what to which task: also what changed nothing, since somebody meant it. What was refused is not a deed. */
export interface AuditTrail {
  /** Null once it is written, durably; otherwise what to answer: the deed is done, and asking again writes it down. */
  write(facts: AuditFacts, asker: Asker): Promise<ProblemSpec | null>;
}

export function createAuditTrail({
  audit,
  logger,
}: {
  readonly audit: Pick<AuditStore, 'add'>;
  readonly logger: Logger;
}): AuditTrail {
  return {
    async write({ action, taskId, agentId, outcome, newTaskId }, { by, traceId }) {
      const entry: AuditEntry = {
        auditId: createTaskId(),
        at: new Date().toISOString(),
        by,
        action,
        taskId,
        agentId,
        outcome,
        newTaskId: newTaskId ?? null,
        traceId,
      };
      logger.info(
        { layer: 'gateway', phase: 'hop', hopName: action, hopResult: outcome, result: 'success', taskId },
        `${by} asked for ${action}`,
      );
      try {
        await withDeadline(audit.add([entry]), LIMITS.storeTimeoutMs, 'The audit trail');
        return null;
      } catch (error) {
        logger.error({ layer: 'store', result: 'error', taskId, error }, 'A deed could not be written down');
        return recordsAway('It was done, but could not be written down in the audit trail; ask again.');
      }
    },
  };
}
