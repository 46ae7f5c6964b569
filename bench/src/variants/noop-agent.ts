import { setTimeout as sleep } from 'node:timers/promises';
import { defineAgent, onNotification } from '@tracepost/agent-kit';
import Type from 'typebox';

/** Does nothing: what is left is what every task costs. */
export const bench = defineAgent({
  id: 'bench',
  description: 'Does nothing',
  timeoutMs: 120_000,
  notifications: {
    'bench.work': onNotification({
      description: 'Nothing',
      schema: Type.Object({ text: Type.String() }),
      handle: async () => null,
    }),
    'bench.sleep': onNotification({
      description: 'A minute of nothing',
      schema: Type.Object({ text: Type.String() }),
      handle: () => sleep(60_000),
    }),
  },
});
