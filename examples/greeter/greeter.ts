import { defineAgent, defineMetric, defineTool, onNotification, PermanentFailure } from '@tracepost/agent-kit';
import Type from 'typebox';

const NAMES: Readonly<Record<string, string>> = { '1': 'Ada', '2': 'Grace' };

const lookUpName = defineTool({
  name: 'look_up_name',
  description: 'The name behind a user id',
  run: async (userId: string) => NAMES[userId] ?? null,
});

const GREETINGS = defineMetric({
  name: 'greetings.given',
  type: 'counter',
  unit: '{greeting}',
  description: 'People who were greeted',
  attributes: ['time_of_day'],
});

/** Greets a user by name: one notification type, one tool, one metric, one way to fail. */
export const greeter = defineAgent({
  id: 'greeter',
  description: 'Greets people',
  notifications: {
    'greeting.wanted': onNotification({
      description: 'Somebody wants to be greeted',
      schema: Type.Object({ userId: Type.String({ minLength: 1 }) }, { additionalProperties: false }),
      async handle({ useTool, logger, count }, { userId }) {
        const name = await useTool(lookUpName, userId);
        if (name === null) throw new PermanentFailure('unknown_user', `there is no user ${userId}`);
        logger.info({ layer: 'agent', phase: 'hop', result: 'success' }, 'found somebody to greet');
        count(GREETINGS, 1, { time_of_day: 'morning' });
        return { greeting: `Good morning, ${name}!` };
      },
    }),
  },
});
