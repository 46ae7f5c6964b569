import { setTimeout as sleep } from 'node:timers/promises';
import {
  defineAgent,
  defineTool,
  onNotification,
  PermanentFailure,
  RetryLater,
  refuseAnswer,
} from '@tracepost/agent-kit';
import Type from 'typebox';

const Work = Type.Object({ key: Type.String(), workMs: Type.Optional(Type.Number()) });
const retry = { maxAttempts: 5, initialDelayMs: 1_000, factor: 1.5, maxDelayMs: 5_000 };
/** For what another service may hold up for minutes. */
const patient = { maxAttempts: 12, initialDelayMs: 1_000, factor: 2, maxDelayMs: 30_000 };
const twice = { ...retry, maxAttempts: 2 };

/** The same effect as everybody's, asked for as tools ask: behind the breaker of the service. */
const callOutside = defineTool<{ readonly key: string }, null>({
  name: 'call_outside',
  description: 'Has one effect outside',
  async run({ key }, { fetch: ask, signal }) {
    const url = new URL(`${process.env.FAULTS_EFFECTS_URL}/${encodeURIComponent(key)}`);
    const answer = await ask({ service: 'effects', operation: 'have', url, signal });
    if (answer.status >= 300) throw refuseAnswer(answer, `the effect was refused with ${answer.status}`);
    return null;
  },
});

/** Handlers that do what handlers do at night. Each says by its type what has to become of it. */
export const troubled = defineAgent({
  id: 'troubled',
  description: 'Works, fails, hangs and dies, as it is told',
  capacity: 10,
  timeoutMs: 20_000,
  notifications: {
    'work.effect': onNotification({
      description: 'One effect outside, then done',
      schema: Work,
      retry,
      async handle({ once }, { key, workMs = 5 }) {
        await sleep(workMs);
        await once('effect', () => haveEffect(key));
        return { key };
      },
    }),
    'work.flaky': onNotification({
      description: 'Fails twice before it works',
      schema: Work,
      retry,
      async handle({ attempt, once }, { key }) {
        if (attempt <= 2) throw new RetryLater('not yet');
        await once('effect', () => haveEffect(key));
        return { key };
      },
    }),
    'work.calls': onNotification({
      description: 'One effect through a service that may be away',
      schema: Work,
      retry: patient,
      async handle({ once, useTool }, { key }) {
        await once('effect', () => useTool(callOutside, { key }));
        return { key };
      },
    }),
    'work.nothing': onNotification({
      description: 'Does nothing, at once',
      schema: Work,
      async handle() {
        return {};
      },
    }),
    'work.permanent': onNotification({
      description: 'Can never work',
      schema: Work,
      async handle() {
        throw new PermanentFailure('no_such_thing', 'there is no such thing');
      },
    }),
    'work.hangs': onNotification({
      description: 'Never settles',
      schema: Work,
      retry: twice,
      handle: () => new Promise<never>(() => {}),
    }),
    'work.blocks': onNotification({
      description: 'Blocks its event loop for longer than it may run',
      schema: Work,
      retry: twice,
      async handle() {
        for (const end = Date.now() + 8_000; Date.now() < end; );
      },
    }),
    'work.kills': onNotification({
      description: 'Ends the whole process, whatever runs in it',
      schema: Work,
      async handle(_, { workMs = 300 }) {
        await sleep(workMs);
        process.kill(process.pid, 'SIGKILL');
      },
    }),
    'work.dies': onNotification({
      description: 'Ends whatever runs it',
      schema: Work,
      async handle() {
        process.exit(1);
      },
    }),
  },
});

async function haveEffect(key: string): Promise<void> {
  const answer = await fetch(`${process.env.FAULTS_EFFECTS_URL}/${encodeURIComponent(key)}`, { method: 'POST' });
  // Turned away: it certainly did not happen.
  if (!answer.ok) throw new RetryLater(`the effect was refused with ${answer.status}`);
}
