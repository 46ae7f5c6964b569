import { setTimeout as sleep } from 'node:timers/promises';
import { defineAgent, onNotification, PermanentFailure, RetryLater } from '@tracepost/agent-kit';
import Type from 'typebox';

const Work = Type.Object({ key: Type.String() });

/** Ends its whole process with the first kind of work, unless it was told to be careful; the others wait to be cancelled. */
export const mortal = defineAgent({
  id: 'mortal',
  description: 'Dies of its work',
  capacity: 4,
  notifications: {
    'work.deadly': onNotification({
      description: 'Ends the process that tries it',
      schema: Work,
      async handle(_, { key }) {
        if (process.env.MORTAL_IS_CAREFUL !== '1') process.kill(process.pid, 'SIGKILL');
        return { key };
      },
    }),
    'work.long': onNotification({
      description: 'Goes on until it is told to stop',
      schema: Work,
      async handle({ signal }) {
        await sleep(60_000, undefined, { signal });
      },
    }),
    'work.hopeless': onNotification({
      description: 'Can never be done',
      schema: Work,
      async handle() {
        throw new PermanentFailure('no_such_thing', 'there is no such thing');
      },
    }),
    'work.later': onNotification({
      description: 'Wants another attempt, much later',
      schema: Work,
      retry: { maxAttempts: 3, initialDelayMs: 300_000, factor: 1, maxDelayMs: 300_000 },
      async handle() {
        throw new RetryLater('not today');
      },
    }),
  },
});
