import { setTimeout as sleep } from 'node:timers/promises';
import { defineAgent, onNotification, PermanentFailure, RetryLater } from '@tracepost/agent-kit';
import Type from 'typebox';

const Text = Type.Object({ text: Type.String() }, { additionalProperties: false });
const Nothing = Type.Object({}, { additionalProperties: false });

/** An agent that does what a test of the command line wants to see. */
export const tester = defineAgent({
  id: 'tester',
  description: 'Does as it is told',
  notifications: {
    'test.echo': onNotification({
      description: 'Gives the text back',
      schema: Text,
      handle: async (_context, { text }) => ({ text }),
    }),
    'test.fail': onNotification({
      description: 'Fails with the text',
      schema: Text,
      async handle(_context, { text }) {
        throw new PermanentFailure('test_failed', text);
      },
    }),
    'test.wait': onNotification({
      description: 'Waits until it is stopped',
      schema: Nothing,
      handle: ({ signal }) => sleep(600_000, null, { signal }),
    }),
    'test.second-time': onNotification({
      description: 'Succeeds the second time',
      schema: Nothing,
      async handle({ attempt }) {
        if (attempt === 1) throw new RetryLater('not yet', { delayMs: 1 });
        return { attempt };
      },
    }),
  },
});
