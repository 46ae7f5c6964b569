import type { SpanView, TaskRecord, TraceView } from '@tracepost/contracts';
import { expect, it } from 'vitest';
import { type Asked, lisbon, untilLogged } from './asked.ts';
import { LISBON_DAYS } from './weather-service.ts';

/** A notification on its way: answer, record, trace, logs, and what becomes of a failure. */
export function describePath(asked: Asked): void {
  it('answers a notification with 202, ids and links, and the task succeeds with a real result', async () => {
    const answer = await asked.client.notify(
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

    for (const link of Object.values(accepted.links)) expect((await asked.client.call(link)).status).toBe(200);

    const task = await asked.client.task(accepted.taskId);
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
      const answer = await asked.client.notify('weather', lisbon);
      const { taskId } = answer.json<{ taskId: string }>();
      const now = await asked.client.call(`/api/v1/tasks/${taskId}`);
      expect(now.status).toBe(200);
      expect(now.json<TaskRecord>().taskId).toBe(taskId);
    }
  });

  it('tells the whole story in one trace: request, publish, queue wait, work, tools, calls', async () => {
    const { accepted, task } = await asked.client.run('weather', lisbon);
    const trace = await asked.client.completeTrace(accepted.traceId);
    expectStory(trace, task);
  });

  it('continues the trace of the caller', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const fresh = traceparent.replace('0af7651916cd43dd', Date.now().toString(16).padStart(16, 'a'));
    const { accepted } = await asked.client.run('weather', lisbon, { traceparent: fresh });
    expect(accepted.traceId).toBe(fresh.slice(3, 35));
    const trace = await asked.client.completeTrace(accepted.traceId);
    expect(trace.spans.find((span) => span.kind === 'server')?.parentSpanId).toBe('b7ad6b7169203331');
  });

  it('keeps the log lines of every hop under the same ids', async () => {
    const { accepted, task } = await asked.client.run('weather', lisbon, { 'x-correlation-id': 'logs-1' });
    const lines = await untilLogged(
      asked.client,
      `traceId=${accepted.traceId}`,
      (found) =>
        ['tracepost-gateway', 'tracepost-agents'].every((service) => found.some((line) => line.service === service)) &&
        found.some((line) => line.attributes.phase === 'end' && line.service === 'tracepost-agents'),
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
    const byTask = await untilLogged(asked.client, `taskId=${task.taskId}`, (found) => found.length > 0);
    for (const line of byTask) expect(line.taskId).toBe(task.taskId);
  });

  it.each([
    ['Brokenville', /not a JSON object/],
    ['Errorton', /502/],
    ['Resetham', /cannot be reached/],
    ['Nullbury', /no number/],
    ['Atlantis', /knows no place called "Atlantis"/],
    ['Slowtown', /did not answer within 1500 ms/],
  ])('fails with the reason, and no invented weather, when the service misbehaves for %s', async (location, reason) => {
    const { task } = await asked.client.run('weather', { ...lisbon, payload: { location, days: 1 } });
    expect(task.status).toBe('failed');
    expect(task.result).toBeNull();
    expect(task.error?.code).toBe('tool_error');
    expect(task.error?.message).toMatch(reason);
    // What may work later is asked three times; a place that nobody knows, or an answer without sense, once.
    expect(task.attempts).toHaveLength(['Errorton', 'Resetham', 'Slowtown'].includes(location) ? 3 : 1);
    for (const attempt of task.attempts) {
      expect(attempt).toMatchObject({ status: 'failed', error: { code: 'tool_error' } });
    }
  });

  it('shows a failure in the trace, at the call that failed and at the work that failed by it', async () => {
    const { accepted } = await asked.client.run('weather', { ...lisbon, payload: { location: 'Errorton', days: 1 } });
    const { spans } = await asked.client.completeTrace(accepted.traceId);
    const failed = spans.filter((span) => span.status.code === 'error').map((span) => span.name);
    // Once for each of its three attempts.
    const ofOneAttempt = ['GET', 'execute_tool get_forecast', 'invoke_agent weather', 'process agent.weather'];
    expect(failed.sort()).toEqual(ofOneAttempt.flatMap((name) => [name, name, name]));
  });
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
