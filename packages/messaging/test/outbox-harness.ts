import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTelemetry } from '@tracepost/telemetry';
import { until } from '@tracepost/testing';
import { afterEach, beforeEach } from 'vitest';
import type { Broker, IncomingMessage } from '../src/broker.ts';
import { openEmbeddedBroker } from '../src/embedded/index.ts';
import { type Outbox, type OutboxOptions, openOutbox } from '../src/outbox/index.ts';
import { agentTopology } from '../src/topology.ts';
import { type FickleBroker, fickleBroker } from './fickle-broker.ts';
import { message } from './outbox-message.ts';

export interface OutboxBench {
  readonly folder: string;
  readonly path: string;
  readonly broker: FickleBroker;
  /** Log lines of all outboxes so far. */
  readonly lines: readonly Record<string, unknown>[];
  open(options?: Partial<OutboxOptions>): Promise<Outbox>;
  /** Takes everything that lies on an agent's queue, in order. */
  takeAll(agentId?: string): Promise<IncomingMessage[]>;
}

/** For each test a folder, a broker with the queues of the agents `a` and `b`, and outboxes that are closed after it. */
export function useOutboxBench(): OutboxBench {
  let folder = '';
  let real: Broker;
  let broker: FickleBroker;
  let opened: Outbox[] = [];
  let lines: Record<string, unknown>[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tracepost-outbox-'));
    lines = [];
    const telemetry = createTelemetry({ serviceName: 'test' });
    real = await openEmbeddedBroker({ path: join(folder, 'queue.db'), telemetry });
    for (const agentId of ['a', 'b']) await real.declare(agentTopology(agentId));
    broker = fickleBroker(real);
  });
  afterEach(async () => {
    for (const outbox of opened) await outbox.close();
    opened = [];
    await real.close();
    rmSync(folder, { recursive: true, force: true });
  });

  return {
    get folder() {
      return folder;
    },
    get path() {
      return join(folder, 'outbox.db');
    },
    get broker() {
      return broker;
    },
    get lines() {
      return lines;
    },
    async open(options = {}) {
      const telemetry = createTelemetry({
        serviceName: 'test',
        terminalLevel: 'debug',
        write: (line) => lines.push(JSON.parse(line)),
      });
      const outbox = await openOutbox({ path: join(folder, 'outbox.db'), broker, telemetry, ...options });
      opened.push(outbox);
      return outbox;
    },
    async takeAll(agentId = 'a') {
      const taken: IncomingMessage[] = [];
      const { ready = 0 } = (await real.inspect(`agent.${agentId}`)) ?? {};
      const consumption = await real.consume({
        queue: `agent.${agentId}`,
        prefetch: 100,
        onDelivery(delivery) {
          taken.push(delivery.message);
          delivery.ack();
        },
      });
      await until(() => taken.length >= ready, { what: `${ready} messages` });
      await consumption.close();
      return taken;
    },
  };
}

export { message };
export const send = (outbox: Outbox, id: string, agentId = 'a') => outbox.send(message(id, agentId), { agentId });
export const isEmpty = (outbox: Outbox) =>
  until(() => outbox.read().messages === 0, { what: 'the outbox to be empty' });
export const idsOf = (messages: readonly IncomingMessage[]) => messages.map(({ messageId }) => messageId);
