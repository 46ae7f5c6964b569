import { randomBytes } from 'node:crypto';
import { defineAgent, onNotification } from '@tracepost/agent-kit';
import type { NotifyAccepted, SpanView, TaskRecord, TraceView } from '@tracepost/contracts';
import { describeWithDocker, until, useRabbitMq } from '@tracepost/testing';
import Type from 'typebox';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bytesOf, HEADER_VECTORS, PUBLISHED_AT_MS, TRACEPARENT } from './header-vectors.ts';
import { type House, openHouse } from './open-house.ts';
import { describeWithPika } from './pika.ts';

const echo = defineAgent({
  id: 'echo',
  description: 'Gives back what it gets',
  notifications: {
    'test.echo': onNotification({
      description: 'Anything',
      schema: Type.Object({ text: Type.String() }),
      handle: async (_context, payload) => payload,
    }),
  },
});

describeWithPika('what pika writes', (begin) => {
  it('is, byte by byte, what stands among the vectors', async () => {
    const vector = HEADER_VECTORS.find(({ client }) => client === 'Python, pika, texts');
    const headers = {
      traceparent: TRACEPARENT,
      tracestate: 'vendor=1',
      'x-tenant-id': 'default',
      'x-envelope-version': 1,
      'x-published-at-ms': PUBLISHED_AT_MS,
      'x-attempt': 2,
    };
    const { hex } = await begin('encode', { headers }).next();
    expect(hex).toBe(bytesOf(vector?.bytes ?? '').toString('hex'));
  });
});

describeWithDocker('a client written in Python with pika', () => {
  describeWithPika('on the real broker', (begin) => {
    const rabbit = useRabbitMq();
    let house: House;
    beforeAll(async () => {
      house = await openHouse(rabbit(), echo);
    }, 60_000);
    afterAll(() => house?.[Symbol.asyncDispose](), 30_000);

    it.each([
      ['as text', false],
      ['as bytes', true],
    ])(
      'publishes a notification with its trace %s: our worker continues that trace, and the record is there',
      async (_how, asBytes) => {
        const { traceId, spanId, traceparent } = ownTrace();
        const taskId = `pika-${spanId}`;
        const peer = begin('publish', {
          ...broker(),
          agentId: 'echo',
          asBytes,
          headers: { traceparent, tracestate: 'vendor=1' },
          body: { id: taskId, type: 'test.echo', data: { text: 'olá' }, sessionid: 's-1' },
        });
        expect(await peer.next()).toMatchObject({ published: taskId });

        const task = await ended(taskId);
        expect(task).toMatchObject({
          taskId,
          traceId,
          agentId: 'echo',
          status: 'succeeded',
          result: { text: 'olá' },
          source: 'pika',
          sessionId: 's-1',
          tenantId: 'default',
          attempts: [{ number: 1, status: 'succeeded' }],
        });
        const [process] = await spansOf(traceId, 'process agent.echo');
        expect(process).toMatchObject({ kind: 'consumer', parentSpanId: spanId, links: [{ traceId, spanId }] });
        expect(task.attempts[0]?.spanId).toBe(process?.spanId);
        expect((await spansOf(traceId, 'invoke_agent echo'))[0]?.parentSpanId).toBe(process?.spanId);
      },
    );

    it('takes our notification from a queue of its own, reads what stands in it, and its events make the record', async () => {
      const { traceId, traceparent } = ownTrace();
      const peer = begin('serve', { ...broker(), agentId: 'python', waitSeconds: 20 });
      expect(await peer.next()).toEqual({ ready: 'python' });

      const answer = await fetch(`${house.url}/api/v1/agents/python/notify`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-correlation-id': 'order-66',
          traceparent,
          tracestate: 'vendor=1',
        },
        body: JSON.stringify({
          notificationType: 'python.echo',
          source: 'test',
          payload: { text: 'olá' },
          sessionId: 's-2',
          priority: 'high',
        }),
      });
      expect(answer.status).toBe(202);
      const accepted = (await answer.json()) as NotifyAccepted;
      expect(accepted.traceId).toBe(traceId);

      const [send] = await spansOf(traceId, 'send agent.python');
      const received = await peer.next();
      expect(received.headers).toEqual({
        traceparent: `00-${traceId}-${send?.spanId}-01`,
        tracestate: 'vendor=1',
        'x-tenant-id': 'default',
        'x-envelope-version': 1,
        'x-published-at-ms': expect.any(Number),
      });
      expect(received.properties).toEqual({
        messageId: accepted.taskId,
        correlationId: 'order-66',
        type: 'python.echo',
        appId: 'test',
        priority: 8,
        contentType: 'application/json',
        deliveryMode: 2,
      });
      expect(received.body).toMatchObject({
        specversion: '1.0',
        id: accepted.taskId,
        source: 'test',
        type: 'python.echo',
        subject: 'python',
        datacontenttype: 'application/json',
        data: { text: 'olá' },
        correlationid: 'order-66',
        sessionid: 's-2',
        depth: 0,
      });

      await peer.ended;
      expect(await ended(accepted.taskId)).toMatchObject({
        status: 'succeeded',
        traceId,
        result: { echo: { text: 'olá' } },
        attempts: [{ number: 1, workerId: 'pika-1', status: 'succeeded', runMs: 2 }],
        sessionId: 's-2',
        correlationId: 'order-66',
      });
    });

    function broker() {
      const { host, port, username, password } = rabbit();
      return { host, port, username, password };
    }

    async function ended(taskId: string): Promise<TaskRecord> {
      const find = async () => {
        const record = await house.record(taskId);
        return record?.status === 'succeeded' && record;
      };
      return until(find, { timeoutMs: 20_000, what: `the record of ${taskId}` });
    }

    async function spansOf(traceId: string, name: string): Promise<SpanView[]> {
      return until(
        async () => {
          const answer = await fetch(`${house.url}/api/v1/traces/${traceId}`);
          const { spans = [] } = (await answer.json()) as Partial<TraceView>;
          const found = spans.filter((span) => span.name === name);
          return found.length > 0 && found;
        },
        { timeoutMs: 20_000, everyMs: 100, what: `the span ${name}` },
      );
    }
  });
});

function ownTrace() {
  const traceId = randomBytes(16).toString('hex');
  const spanId = randomBytes(8).toString('hex');
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-01` };
}
