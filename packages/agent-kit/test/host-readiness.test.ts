import type { Broker, Consumption, Subscription } from '@tracepost/messaging';
import { createTelemetry } from '@tracepost/telemetry';
import { expect, it } from 'vitest';
import { createAgentHost } from '../src/agent-host.ts';
import { defineAgent, onNotification } from '../src/index.ts';

it('a host is ready while each of its agents is consuming, and not because it once was', async () => {
  const consuming = new Map<string, boolean>();
  const host = createAgentHost({
    agents: [agent('one'), agent('two')],
    artifacts: {} as never,
    broker: brokerWith(consuming),
    inbox: null,
    telemetry: createTelemetry({ serviceName: 'test' }),
    workerId: 'w',
  });
  expect(host.isReady).toBe(false);
  await host.start();
  expect(host.isReady).toBe(true);
  consuming.set('agent.two', false);
  expect(host.isReady).toBe(false);
  consuming.set('agent.two', true);
  expect(host.isReady).toBe(true);
  await host.close();
  expect(host.isReady).toBe(false);
});

function agent(id: string) {
  return defineAgent({
    id,
    description: 'does nothing',
    notifications: {
      'nothing.wanted': onNotification({ description: '', schema: { type: 'object' }, handle: async () => null }),
    },
  });
}

/** A broker that loses a consumer when it is told to, which a real one does not. */
function brokerWith(consuming: Map<string, boolean>): Broker {
  return {
    state: 'ready',
    stateReason: null,
    onStateChange: () => () => {},
    declare: async () => {},
    publish: async () => ({ status: 'confirmed' }),
    consume: async ({ queue }: Subscription): Promise<Consumption> => ({
      get isConsuming() {
        return consuming.get(queue) ?? true;
      },
      close: async () => {},
    }),
    inspect: async () => null,
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}
