import { sampleImage } from '@tracepost/agents';
import type {
  AgentView,
  ArtifactInfo,
  LogView,
  NotifyAccepted,
  QueueView,
  SpanView,
  StatusView,
  TaskRecord,
  TraceView,
} from '@tracepost/contracts';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Client, createClient } from './client.ts';
import { LISBON_DAYS } from './weather-service.ts';

/** A running Tracepost, whichever way, with its weather agent pointed at the test's weather service. */
export interface Installation {
  readonly url: string;
  /** Stops everything in order and starts it again on the same data; gives the new address. */
  restart(): Promise<string>;
  close(): Promise<void>;
}

const lisbon = { notificationType: 'weather.forecast', source: 'suite', payload: { location: 'Lisbon', days: 2 } };

/** The promises to a user that hold in both ways of running, asked over HTTP alone. */
export function describeEndToEnd(title: string, start: () => Promise<Installation>): void {
  describe(title, () => {
    let installation: Installation;
    let client: Client;

    beforeAll(async () => {
      installation = await start();
      client = createClient(installation.url);
    }, 600_000);
    afterAll(() => installation?.close(), 120_000);

    it('answers a notification with 202, ids and links, and the task succeeds with a real result', async () => {
      const answer = await client.notify(
        'weather',
        { ...lisbon, sessionId: 's-1' },
        { 'x-correlation-id': 'order-66' },
      );
      expect(answer.status).toBe(202);
      const accepted = answer.json<{ taskId: string; traceId: string; links: Record<string, string> }>();
      expect(answer.headers.get('location')).toBe(`/api/v1/tasks/${accepted.taskId}`);
      expect(answer.headers.get('x-trace-id')).toBe(accepted.traceId);
      expect(answer.headers.get('x-correlation-id')).toBe('order-66');
      expect(accepted.links).toEqual({
        task: `/api/v1/tasks/${accepted.taskId}`,
        trace: `/api/v1/traces/${accepted.traceId}`,
        console: `/tasks/${accepted.taskId}`,
      });

      for (const link of Object.values(accepted.links)) expect((await client.call(link)).status).toBe(200);

      const task = await client.task(accepted.taskId);
      expect(task).toMatchObject({
        taskId: accepted.taskId,
        agentId: 'weather',
        notificationType: 'weather.forecast',
        status: 'succeeded',
        traceId: accepted.traceId,
        correlationId: 'order-66',
        sessionId: 's-1',
        source: 'suite',
        tenantId: 'default',
        priority: 'normal',
        error: null,
        result: {
          location: { name: 'Lisbon', latitude: 38.71667, longitude: -9.13333 },
          provider: 'open-meteo',
          days: LISBON_DAYS,
        },
        usage: { toolCalls: 2, modelCalls: 0, costUsd: 0 },
      });
      expect(task.statusChanges.map((change) => change.status)).toEqual(['accepted', 'running', 'succeeded']);
      expect(task.attempts).toHaveLength(1);
      expect(task.attempts[0]).toMatchObject({ number: 1, status: 'succeeded', error: null });
      expect(task.queueWaitMs).toBeGreaterThanOrEqual(0);
      expect(task.runMs).toBeGreaterThan(0);
      expect(task.durationMs).toBeGreaterThanOrEqual(0);
      expect(Date.parse(task.endedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(task.startedAt ?? ''));
    });

    it('gives the record at once after the 202', async () => {
      for (let round = 0; round < 10; round++) {
        const answer = await client.notify('weather', lisbon);
        const { taskId } = answer.json<{ taskId: string }>();
        const now = await client.call(`/api/v1/tasks/${taskId}`);
        expect(now.status).toBe(200);
        expect(now.json<TaskRecord>().taskId).toBe(taskId);
      }
    });

    it('tells the whole story in one trace: request, publish, queue wait, work, tools, calls', async () => {
      const { accepted, task } = await client.run('weather', lisbon);
      const trace = await client.completeTrace(accepted.traceId);
      expectStory(trace, task);
    });

    it('continues the trace of the caller', async () => {
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      const fresh = traceparent.replace('0af7651916cd43dd', Date.now().toString(16).padStart(16, 'a'));
      const { accepted } = await client.run('weather', lisbon, { traceparent: fresh });
      expect(accepted.traceId).toBe(fresh.slice(3, 35));
      const trace = await client.completeTrace(accepted.traceId);
      expect(trace.spans.find((span) => span.kind === 'server')?.parentSpanId).toBe('b7ad6b7169203331');
    });

    it('keeps the log lines of every hop under the same ids', async () => {
      const { accepted, task } = await client.run('weather', lisbon, { 'x-correlation-id': 'logs-1' });
      const lines = await untilLogged(
        client,
        `traceId=${accepted.traceId}`,
        (found) =>
          ['tracepost-gateway', 'tracepost-agents'].every((service) =>
            found.some((line) => line.service === service),
          ) && found.some((line) => line.attributes.phase === 'end' && line.service === 'tracepost-agents'),
      );
      for (const line of lines) expect(line.traceId).toBe(accepted.traceId);
      const ended = lines.find((line) => line.attributes.phase === 'end' && line.service === 'tracepost-agents');
      expect(ended).toMatchObject({
        level: 'info',
        taskId: task.taskId,
        agentId: 'weather',
        correlationId: 'logs-1',
        attributes: { layer: 'agent', result: 'success', hopName: 'attempt', hopResult: 'succeeded' },
      });
      const call = lines.find((line) => line.attributes.action === 'service:open-meteo:forecast');
      expect(call?.attributes.durationMs).toBeGreaterThan(0);
      const byTask = await untilLogged(client, `taskId=${task.taskId}`, (found) => found.length > 0);
      for (const line of byTask) expect(line.taskId).toBe(task.taskId);
    });

    it.each([
      ['Brokenville', /not a JSON object/],
      ['Errorton', /502/],
      ['Resetham', /cannot be reached/],
      ['Nullbury', /no number/],
      ['Atlantis', /knows no place called "Atlantis"/],
      ['Slowtown', /did not answer within 1500 ms/],
    ])(
      'fails with the reason, and no invented weather, when the service misbehaves for %s',
      async (location, reason) => {
        const { task } = await client.run('weather', { ...lisbon, payload: { location, days: 1 } });
        expect(task.status).toBe('failed');
        expect(task.result).toBeNull();
        expect(task.error?.code).toBe('tool_error');
        expect(task.error?.message).toMatch(reason);
        // What may work later is asked three times; a place that nobody knows, or an answer without sense, once.
        expect(task.attempts).toHaveLength(['Errorton', 'Resetham', 'Slowtown'].includes(location) ? 3 : 1);
        for (const attempt of task.attempts) {
          expect(attempt).toMatchObject({ status: 'failed', error: { code: 'tool_error' } });
        }
      },
    );

    it('shows a failure in the trace, at the call that failed and at the work that failed by it', async () => {
      const { accepted } = await client.run('weather', { ...lisbon, payload: { location: 'Errorton', days: 1 } });
      const { spans } = await client.completeTrace(accepted.traceId);
      const failed = spans.filter((span) => span.status.code === 'error').map((span) => span.name);
      // Once for each of its three attempts.
      const ofOneAttempt = ['GET', 'execute_tool get_forecast', 'invoke_agent weather', 'process agent.weather'];
      expect(failed.sort()).toEqual(ofOneAttempt.flatMap((name) => [name, name, name]));
    });

    it('ends an attempt at its timeout as timed_out', async () => {
      const { task } = await client.run('weather', {
        ...lisbon,
        timeoutMs: 300,
        payload: { location: 'Slowtown', days: 1 },
      });
      expect(task).toMatchObject({ status: 'timed_out', error: { code: 'timed_out' }, result: null });
    });

    it('takes the same key for the same task, and another body for a mistake', async () => {
      const key = { 'idempotency-key': `key-${Date.now()}` };
      const first = await client.notify('weather', lisbon, key);
      const again = await client.notify('weather', lisbon, key);
      expect([first.status, again.status]).toEqual([202, 202]);
      expect(again.json()).toEqual(first.json());
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      const other = await client.notify('weather', { ...lisbon, sessionId: 'another' }, key);
      expect(other.status).toBe(422);
      const task = await client.task(first.json<NotifyAccepted>().taskId);
      expect(task).toMatchObject({ status: 'succeeded', idempotencyKey: key['idempotency-key'] });
    });

    it('keeps what failed as a dead letter, does it again as a new task, and writes down who asked', async () => {
      const { task } = await client.run('weather', { ...lisbon, payload: { location: 'Atlantis', days: 1 } });
      const letters = '/api/v1/queues/agent.weather/dead-letters';
      const opened = await untilStatus(client, `${letters}/${task.taskId}`, 200);
      expect(opened.json()).toMatchObject({ taskId: task.taskId, agentId: 'weather', attempts: [{ number: 1 }] });
      const json = { 'content-type': 'application/json' };
      const requeued = await client.call(`${letters}/${task.taskId}/requeue`, {
        method: 'POST',
        headers: json,
        body: '{}',
      });
      expect(requeued.status).toBe(202);
      const repeated = await client.task(requeued.json<NotifyAccepted>().taskId);
      expect(repeated).toMatchObject({ status: 'failed', retryOf: task.taskId });
      expect((await client.call(`${letters}/${task.taskId}`)).status).toBe(404);
      await untilStatus(client, `${letters}/${repeated.taskId}`, 200);
      expect((await client.call(`${letters}/${repeated.taskId}`, { method: 'DELETE' })).status).toBeLessThan(300);
      const audit = (await client.call('/api/v1/audit')).json<{ items: { action: string; taskId: string }[] }>();
      const actions = audit.items.filter(({ taskId }) => [task.taskId, repeated.taskId].includes(taskId));
      expect(actions.map(({ action }) => action)).toEqual(['delete_dead_letter', 'requeue_dead_letter']);
    });

    it('cancels a task that waits for its retry, twice with the same answer', async () => {
      const accepted = (
        await client.notify('weather', { ...lisbon, payload: { location: 'Slowtown', days: 1 } })
      ).json<NotifyAccepted>();
      const cancel = () =>
        client.call(`/api/v1/tasks/${accepted.taskId}/cancel`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{}',
        });
      const [first, again] = [await cancel(), await cancel()];
      expect([first.status, again.status]).toEqual([200, 200]);
      const task = await client.task(accepted.taskId);
      expect(task.status).toBe('cancelled');
      expect(task.statusChanges.filter(({ status }) => status === 'cancelled')).toHaveLength(1);
    });

    it('lists tasks by their facts, shows the queues, and tells the life of a task as events', async () => {
      const { task } = await client.run('weather', { ...lisbon, sessionId: `listed-${Date.now()}` });
      const listed = await client.call(`/api/v1/tasks?sessionId=${task.sessionId}&status=succeeded`);
      expect(listed.json<{ items: TaskRecord[] }>().items.map(({ taskId }) => taskId)).toEqual([task.taskId]);
      const queues = (await client.call('/api/v1/queues')).json<{ items: QueueView[] }>().items;
      const weather = queues.find(({ name }) => name === 'agent.weather');
      expect(weather).toMatchObject({ agentId: 'weather', ready: 0, delayed: 0, consumers: 1 });
      const events = await client.call(`/api/v1/tasks/${task.taskId}/events`);
      expect(events.text.match(/^event: .*/gm)).toEqual(['event: accepted', 'event: started', 'event: succeeded']);
    });

    it('removes the background of a photo that travels as an artifact', async () => {
      const photo = await sampleImage();
      const uploaded = await client.call('/api/v1/artifacts', {
        method: 'POST',
        headers: { 'content-type': 'image/png' },
        body: new Uint8Array(photo),
      });
      expect(uploaded.status).toBe(201);
      const { artifactId, bytes } = uploaded.json<ArtifactInfo>();
      expect(bytes).toBe(photo.length);

      const { task } = await client.run('bg-remover', {
        notificationType: 'image.remove-background',
        payload: { imageId: artifactId, quality: 'low' },
      });
      expect(task.error).toBeNull();
      const result = task.result as {
        imageId: string;
        width: number;
        height: number;
        foregroundShare: number;
        cost: Record<string, number>;
      };
      expect(result.cost).toMatchObject({ modelUsd: 0.000072, qualityMultiplier: 0.5, sizeMultiplier: 1 });
      expect(task.usage.costUsd).toBe(result.cost.totalUsd);

      const cutOut = await fetch(`${client.url}/api/v1/artifacts/${result.imageId}`);
      expect(cutOut.headers.get('content-type')).toBe('image/png');
      const { data, info } = await sharp(Buffer.from(await cutOut.arrayBuffer()))
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect([info.width, info.height, info.channels]).toEqual([result.width, result.height, 4]);
      let opaque = 0;
      for (let at = 3; at < data.length; at += 4) if ((data[at] ?? 0) > 127) opaque += 1;
      const share = opaque / (info.width * info.height);
      expect(share).toBeGreaterThan(0.02);
      expect(share).toBeLessThan(0.98);
      expect(Math.abs(share - result.foregroundShare)).toBeLessThan(0.05);
    });

    it('removes the background of the sample that travels within the message', async () => {
      const imageBase64 = (await sampleImage()).toString('base64');
      const { task } = await client.run('bg-remover', {
        notificationType: 'image.remove-background',
        payload: { imageBase64 },
      });
      expect(task).toMatchObject({ status: 'succeeded', result: { width: 640, height: 480 } });
    });

    it.each([
      ['a text that calls itself a picture', Buffer.from('this is no picture at all'), /image/],
      ['nothing', Buffer.alloc(0), /./],
    ])('fails with a reason for %s, and works on', async (_what, content, reason) => {
      const uploaded = await client.call('/api/v1/artifacts', {
        method: 'POST',
        headers: { 'content-type': 'image/png' },
        body: new Uint8Array(content),
      });
      if (uploaded.status === 400) return expect(uploaded.problem().detail).toMatch(/empty/);
      const { artifactId } = uploaded.json<ArtifactInfo>();
      const { task } = await client.run('bg-remover', {
        notificationType: 'image.remove-background',
        payload: { imageId: artifactId },
      });
      expect(task.status).toBe('failed');
      expect(task.error?.message).toMatch(reason);
    });

    it('shows the agents with their schemas, capacity and workers', async () => {
      const { items } = (await client.call('/api/v1/agents')).json<{ items: AgentView[] }>();
      expect(items.map((agent) => agent.agentId).sort()).toEqual(['bg-remover', 'weather']);
      const weather = (await client.call('/api/v1/agents/weather')).json<AgentView>();
      expect(weather).toMatchObject({ agentId: 'weather', status: 'running', capacity: 10, queue: 'agent.weather' });
      expect(weather.workers[0]).toMatchObject({ state: 'running', capacity: 10 });
      expect(weather.notificationTypes[0]).toMatchObject({ type: 'weather.forecast' });
      expect(JSON.stringify(weather.notificationTypes[0]?.schema)).toContain('latitude');
    });

    it.each([
      ['an agent that nobody announced', 404, 'AGENT_NOT_FOUND', () => client.notify('nobody', lisbon)],
      [
        'a payload against the schema',
        400,
        undefined,
        () => client.notify('weather', { ...lisbon, payload: { place: 1 } }),
      ],
      ['an unknown field', 400, undefined, () => client.notify('weather', { ...lisbon, colour: 'red' })],
      [
        'a notification type that the agent does not take',
        400,
        undefined,
        () => client.notify('weather', { ...lisbon, notificationType: 'weather.history' }),
      ],
      [
        'a body over the limit',
        413,
        undefined,
        () => client.notify('weather', { ...lisbon, payload: { location: 'x'.repeat(300_000) } }),
      ],
      ['what is not JSON', 415, undefined, () => client.notify('weather', 'a=b', { 'content-type': 'text/plain' })],
      ['broken JSON', 400, undefined, () => client.notify('weather', '{"notificationType":')],
      [
        'an idempotency key that is none',
        400,
        undefined,
        () => client.notify('weather', lisbon, { 'idempotency-key': 'with a blank' }),
      ],
      [
        'a budget, which is not built yet',
        400,
        undefined,
        () => client.notify('weather', { ...lisbon, budget: { maxCostUsd: 1 } }),
      ],
      ['a priority that is none', 400, undefined, () => client.notify('weather', { ...lisbon, priority: 255 })],
      [
        'an unknown task',
        404,
        'TASK_NOT_FOUND',
        () => client.call('/api/v1/tasks/01990000-0000-7000-8000-000000000000'),
      ],
      [
        'an unknown trace',
        404,
        'TRACE_NOT_FOUND',
        () => client.call('/api/v1/traces/00000000000000000000000000000abc'),
      ],
      ['an unknown path', 404, undefined, () => client.call('/api/v2/nothing')],
    ] as const)('answers %s with %d and a problem that can be looked up', async (_what, status, code, ask) => {
      const answer = await ask();
      expect([answer.status, answer.text]).toEqual([status, expect.any(String)]);
      const problem = answer.problem();
      expect(problem).toMatchObject({ status, ...(code ? { code } : {}) });
      expect(problem.code).toMatch(/^[A-Z][A-Z_]+$/);
      expect(problem.traceId).toBe(answer.headers.get('x-trace-id'));
      expect(answer.headers.get('x-trace-id')).toMatch(/^[0-9a-f]{32}$/);
      expect(answer.headers.get('x-correlation-id')).toMatch(/^[A-Za-z0-9._:-]{1,128}$/);
    });

    it('is live, ready and healthy, and counts what it recorded', async () => {
      expect((await client.call('/health/live')).status).toBe(200);
      expect((await client.call('/health/ready')).status).toBe(200);
      expect((await client.call('/health')).json<StatusView>().status).toBe('healthy');
      const deadline = Date.now() + 30_000;
      for (;;) {
        const status = (await client.call('/api/v1/status')).json<StatusView>();
        expect(status.checks.filter((check) => check.status !== 'healthy')).toEqual([]);
        expect(status.uptimeSeconds).toBeGreaterThan(0);
        const { spans, logs, metrics } = status.recorded;
        if (spans > 0 && logs > 0 && metrics > 0) break;
        if (Date.now() > deadline) expect(status.recorded).toEqual({ spans: 'some', logs: 'some', metrics: 'some' });
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    });

    it('keeps tasks, traces, logs, artifacts and known agents over a stop and a start', async () => {
      const { accepted, task } = await client.run('weather', lisbon);
      const uploaded = await client.call('/api/v1/artifacts', {
        method: 'POST',
        headers: { 'content-type': 'text/plain' },
        body: 'kept',
      });
      const { artifactId } = uploaded.json<ArtifactInfo>();
      const before = await client.completeTrace(accepted.traceId);
      const { uptimeSeconds } = (await client.call('/api/v1/status')).json<StatusView>();
      await untilLogged(client, `traceId=${accepted.traceId}`, (found) => found.length > 0);
      client = createClient(await installation.restart());
      expect((await client.call('/api/v1/status')).json<StatusView>().uptimeSeconds).toBeLessThan(uptimeSeconds);
      expect(await client.task(task.taskId)).toEqual(task);
      expect((await client.call(`/api/v1/artifacts/${artifactId}`)).text).toBe('kept');
      const after = await client.completeTrace(accepted.traceId);
      expect(after.spans.length).toBe(before.spans.length);
      await untilLogged(client, `traceId=${accepted.traceId}`, (found) => found.length > 0);
      const { task: next } = await client.run('weather', lisbon);
      expect(next.status).toBe('succeeded');
    }, 300_000);
  });
}

async function untilStatus(client: Client, path: string, status: number): Promise<Answer> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const answer = await client.call(path);
    if (answer.status === status) return answer;
    if (Date.now() > deadline) throw new Error(`${path}: ${answer.status} ${answer.text.slice(0, 300)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function untilLogged(client: Client, query: string, isThere: (lines: LogView[]) => boolean): Promise<LogView[]> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const { items } = (await client.call(`/api/v1/logs?${query}`)).json<{ items: LogView[] }>();
    if (isThere(items)) return items;
    if (Date.now() > deadline)
      throw new Error(`these log lines are not enough: ${JSON.stringify(items, null, 1).slice(0, 4000)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function expectStory(trace: TraceView, task: TaskRecord): void {
  const only = (what: string, isIt: (span: SpanView) => boolean): SpanView => {
    const found = trace.spans.filter(isIt);
    expect(
      found.map((span) => span.name),
      `${what} in ${trace.spans.map((span) => span.name).join(', ')}`,
    ).toHaveLength(1);
    return found[0] as SpanView;
  };
  const server = only('SERVER', (span) => span.kind === 'server');
  const publish = only('PRODUCER', (span) => span.kind === 'producer');
  const process = only('CONSUMER', (span) => span.kind === 'consumer');
  const agent = only('agent', (span) => span.name === 'invoke_agent weather');
  const findPlace = only('tool', (span) => span.name === 'execute_tool find_place');
  const getForecast = only('tool', (span) => span.name === 'execute_tool get_forecast');
  const calls = trace.spans.filter((span) => span.kind === 'client');

  expect(server).toMatchObject({
    name: 'POST /api/v1/agents/{agentId}/notify',
    service: 'tracepost-gateway',
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/api/v1/agents/{agentId}/notify',
      'http.response.status_code': 202,
      'url.path': '/api/v1/agents/weather/notify',
      'url.scheme': 'http',
      'tracepost.task.id': task.taskId,
      'tracepost.agent.id': 'weather',
    },
  });
  expect(publish).toMatchObject({
    name: 'send agent.weather',
    service: 'tracepost-gateway',
    parentSpanId: server.spanId,
    attributes: {
      'messaging.system': 'rabbitmq',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'agent.weather',
      'messaging.message.id': task.taskId,
      'tracepost.task.id': task.taskId,
    },
  });
  expect(process).toMatchObject({
    name: 'process agent.weather',
    service: 'tracepost-agents',
    parentSpanId: publish.spanId,
    links: [{ traceId: trace.traceId, spanId: publish.spanId }],
    attributes: {
      'messaging.operation.type': 'process',
      'tracepost.task.id': task.taskId,
      'tracepost.agent.id': 'weather',
      'tracepost.notification.type': 'weather.forecast',
      'tracepost.tenant.id': 'default',
      'tracepost.task.status': 'succeeded',
    },
  });
  expect(process.attributes['tracepost.queue.wait_ms']).toBe(task.queueWaitMs);
  expect(process.spanId).toBe(task.attempts[0]?.spanId);
  expect(agent.parentSpanId).toBe(process.spanId);
  expect(agent.attributes).toMatchObject({ 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'weather' });
  for (const tool of [findPlace, getForecast]) {
    expect(tool.parentSpanId).toBe(agent.spanId);
    expect(tool.attributes['gen_ai.operation.name']).toBe('execute_tool');
  }
  expect(calls.map((span) => span.parentSpanId).sort()).toEqual([findPlace.spanId, getForecast.spanId].sort());
  for (const call of calls) {
    expect(call.attributes).toMatchObject({ 'http.request.method': 'GET', 'http.response.status_code': 200 });
  }
  expect([...trace.services].sort()).toEqual(['tracepost-agents', 'tracepost-gateway']);
  expect(trace.errorCount).toBe(0);
}
