import { type TaskEvent, taskEventId } from '@tracepost/contracts';
import { CONTROL_EXCHANGE, createControlPublisher } from '@tracepost/messaging';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CancelledError, createInlineRunner, RetryLater } from '../src/index.ts';
import { agentOf, type Handle, openWorkbench, telemetry, type Workbench } from './workbench.ts';

let bench: Workbench;

beforeEach(async () => {
  bench = await openWorkbench();
});

afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

describe('a task that is asked to end', () => {
  it('ends as cancelled by who asked, once its handler has heard its signal', async () => {
    let reason: unknown;
    await bench.host([
      agentOf(
        ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              reason = signal.reason;
              reject(new Error('put everything back'));
            });
          }),
      ),
    ]);
    await bench.publish({ what: 'x' });
    await bench.event('started');
    expect(await cancel('ada')).toMatchObject({ status: 'requested' });
    expect(await bench.ending()).toMatchObject({
      kind: 'cancelled',
      by: 'ada',
      stopReason: 'cancelled',
      attempt: { number: 1, endedAt: expect.any(String) },
    });
    expect(reason).toBeInstanceOf(CancelledError);
    expect(await bench.depth('agent.tester.dead')).toBe(0);
    expect(await bench.depth('agent.tester')).toBe(0);
  });

  it('is done when its handler was done first', async () => {
    await bench.host([
      agentOf(
        ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve('already printed'))),
      ),
    ]);
    await bench.publish({ what: 'x' });
    await bench.event('started');
    await cancel('ada');
    expect(await bench.ending()).toMatchObject({ kind: 'succeeded', result: 'already printed' });
  });

  it('leaves a handler behind that hears nothing, a little later', async () => {
    await hostDeaf(50);
    await bench.publish({ what: 'x' });
    await bench.event('started');
    await cancel('ada');
    expect(await bench.ending()).toMatchObject({ kind: 'cancelled', by: 'ada' });
  });

  it('before it began ends without a start', async () => {
    await bench.host([agentOf(async () => null, { capacity: 1 })]);
    expect(await markCancelled('ada')).toMatchObject({ status: 'cancelled' });
    await bench.publish({ what: 'x' });
    expect(await bench.ending()).toMatchObject({ kind: 'cancelled', by: 'ada' });
    expect(bench.told()).toEqual(['cancelled']);
  });

  it('while its worker was away is found to be cancelled by the next one, which does not begin', async () => {
    let runs = 0;
    const agent = agentOf(() => {
      runs += 1;
      return new Promise(() => {});
    });
    const first = await bench.host([agent], { graceMs: 0 });
    await bench.publish({ what: 'x' });
    await bench.event('started');
    await first.close();
    // Its worker gave it back, so nobody has to be asked to stop.
    expect(await markCancelled('ada')).toMatchObject({ status: 'cancelled' });
    await bench.host([agent]);
    expect(await bench.ending()).toMatchObject({ kind: 'cancelled' });
    expect(runs).toBe(1);
  });

  it('while it waits for its next attempt is not begun again', async () => {
    let runs = 0;
    await bench.host([
      agentOf(async () => {
        runs += 1;
        throw new RetryLater('not yet');
      }),
    ]);
    await bench.publish({ what: 'x' });
    await bench.event('attempt_failed');
    expect(await markCancelled('ada')).toMatchObject({ status: 'cancelled' });
    expect(await bench.ending()).toMatchObject({ kind: 'cancelled', by: 'ada' });
    expect(runs).toBe(1);
  });

  it('whose attempt fails at that moment is not tried again', async () => {
    await bench.host([
      agentOf(async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        throw new RetryLater('not yet');
      }),
    ]);
    await bench.publish({ what: 'x' });
    await bench.event('started');
    await cancel('ada');
    expect(await bench.ending()).toMatchObject({ kind: 'cancelled' });
    expect(bench.told()).toEqual(['started', 'cancelled']);
  });

  it('leaves other tasks alone, and a message that says nothing leaves all alone', async () => {
    const release = Promise.withResolvers<string>();
    await bench.host([agentOf(() => release.promise)]);
    await bench.publish({ what: 'x' });
    await bench.event('started');
    await bench.broker.publish({
      exchange: CONTROL_EXCHANGE,
      routingKey: 'task.tester.cancel',
      mandatory: false,
      headers: {},
      body: Buffer.from('{"action":"cancel"'),
    });
    await sayCancel('task-2', 'ada');
    release.resolve('undisturbed');
    expect(await bench.ending()).toMatchObject({ kind: 'succeeded', result: 'undisturbed' });
  });
});

const deaf: Handle = () => new Promise(() => {});

async function hostDeaf(cancelGraceMs: number): Promise<void> {
  const options = { artifacts: bench.artifacts, telemetry, cancelGraceMs };
  await bench.host([], { runners: [createInlineRunner(agentOf(deaf), options)] });
}

/** As the gateway does it: a mark in the inbox, then a word to the workers. */
async function cancel(by: string) {
  const outcome = await markCancelled(by);
  await sayCancel('task-1', by);
  return outcome;
}

function sayCancel(taskId: string, by: string) {
  const control = createControlPublisher({ broker: bench.broker });
  return control.publish({ action: 'cancel', taskId, agentId: 'tester', at: new Date().toISOString(), by });
}

function markCancelled(by: string) {
  const at = new Date().toISOString();
  const event: TaskEvent = {
    eventId: taskEventId('task-1', 0, 'cancelled'),
    kind: 'cancelled',
    at,
    by,
    task: {
      taskId: 'task-1',
      agentId: 'tester',
      notificationType: 'test.work',
      tenantId: 'default',
      priority: 'normal',
      acceptedAt: at,
      source: null,
      sessionId: null,
      correlationId: null,
      traceId: null,
      parentTaskId: null,
    },
  };
  return bench.inbox.cancel({ taskId: 'task-1', event });
}
