import { type Broker, type Consumption, controlTopology, readControl } from '@tracepost/messaging';
import type { Telemetry } from '@tracepost/telemetry';

export interface CancelListenerOptions {
  readonly broker: Broker;
  readonly telemetry: Telemetry;
  readonly workerId: string;
  readonly agentIds: readonly string[];
  /** False when the task is not in hand here. */
  readonly cancel: (agentId: string, taskId: string, by: string) => boolean;
}

/**
 * Hears who asks for the end of a task, whichever worker has it. Nothing is kept while this worker is away: a task that is not
 * yet begun is found to be cancelled when it is claimed.
 */
export async function listenForCancels(options: CancelListenerOptions): Promise<Consumption> {
  const { broker, telemetry, workerId, agentIds, cancel } = options;
  const queue = `control.${workerId}`;
  await broker.declare(controlTopology(queue, agentIds));
  return broker.consume({
    queue,
    prefetch: 100,
    onDelivery(delivery) {
      delivery.ack();
      const read = readControl(delivery.message);
      if (read.status === 'unreadable') {
        telemetry.logger.warn(
          {
            layer: 'queue',
            phase: 'hop',
            hopName: 'control',
            hopResult: 'unreadable',
            result: 'error',
            reason: read.reason,
          },
          'left out a control message that cannot be read',
        );
        return;
      }
      const { agentId, taskId, by } = read.control;
      if (!cancel(agentId, taskId, by)) return;
      telemetry.logger.info(
        {
          layer: 'agent',
          phase: 'hop',
          hopName: 'control',
          hopResult: 'cancel',
          result: 'success',
          agentId,
          taskId,
          by,
        },
        'asked to end a task',
      );
    },
  });
}
