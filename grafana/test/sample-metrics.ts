const STEP_MS = 5_000;

/**
 * Line protocol in the layout of the metric store: `steps` exports, five seconds apart, of every metric that a dashboard
 * draws. Cumulative series have a point of zeros where they begin.
 */
export function sampleLines(from: Date, steps: number): string[] {
  const lines: string[] = [];
  const at = (step: number): number => from.getTime() + step * STEP_MS;
  const point = (series: string, fields: Readonly<Record<string, number>>, step: number): void => {
    const written = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
    lines.push(`${series} ${written.join(',')} ${at(step)}`);
  };
  /** Grows by `growth` with every export; begins anew after `restartsAfter` exports. */
  const cumulative = (series: string, growth: Readonly<Record<string, number>>, restartsAfter = steps): void => {
    let since = 0;
    for (let step = 0; step <= steps; step++) {
      point(series, scaled(growth, step - since), step);
      if (step === restartsAfter && step !== steps) {
        since = step;
        lines.push(`${series} ${Object.keys(growth).map((name) => `${name}=0`)} ${at(step) + 1}`);
      }
    }
  };
  const constant = (series: string, value: number): void => {
    for (let step = 0; step <= steps; step++) point(series, { gauge: value }, step);
  };

  const http = 'http.server.request.duration,http.request.method=POST,service.name=tracepost-gateway';
  cumulative(`${http},http.route=/notify,http.response.status_code=202,service.instance.id=a`, TEN_REQUESTS);
  cumulative(`${http},http.route=/notify,http.response.status_code=202,service.instance.id=b`, TEN_REQUESTS, 18);
  cumulative(`${http},http.route=/broken,http.response.status_code=200,service.instance.id=a`, scaled(TEN_REQUESTS, 3));
  cumulative(`${http},http.route=/broken,http.response.status_code=500,service.instance.id=a`, TEN_REQUESTS);

  for (const agent of ['weather', 'bg-remover']) {
    const tags = `service.name=tracepost-agents,service.instance.id=c,tracepost.agent.id=${agent}`;
    cumulative(`tracepost.task.executions,${tags},tracepost.task.status=succeeded`, { counter: 1 });
    cumulative(`tracepost.task.duration,${tags},tracepost.task.status=succeeded`, TEN_REQUESTS);
    cumulative(`tracepost.agent.processing.duration,${tags},tracepost.outcome=succeeded`, TEN_REQUESTS);
    cumulative(`tracepost.tool.duration,${tags},gen_ai.tool.name=forecast,tracepost.outcome=success`, TEN_REQUESTS);
    cumulative(`tracepost.queue.wait.duration,${tags},tracepost.queue=agent.weather`, TEN_REQUESTS);
    cumulative(`tracepost.task.attempts,${tags}`, { '1': 8, '2': 10, '+Inf': 10, count: 10, sum: 12 });
    cumulative(`tracepost.task.cost,${tags}`, { '0.0001': 10, '+Inf': 10, count: 10, sum: 0.001 });
    cumulative(`tracepost.task.retries,${tags},tracepost.reason=tool_error`, { counter: 2 });
    constant(`tracepost.agent.capacity.utilization,${tags}`, 0.25);
  }
  const queue = 'messaging.destination.name=agent.weather,messaging.system=rabbitmq';
  for (const name of ['messaging.client.operation.duration', 'messaging.process.duration']) {
    cumulative(`${name},service.name=tracepost-agents,service.instance.id=c,${queue}`, TEN_REQUESTS);
  }
  for (const name of ['messaging.client.published.messages', 'messaging.client.consumed.messages']) {
    cumulative(`${name},service.name=tracepost-agents,service.instance.id=c,${queue}`, { counter: 10 });
  }
  for (const state of ['unacknowledged', 'delayed', 'dead']) {
    const depth = 'tracepost.queue.depth,service.name=tracepost-gateway,service.instance.id=a';
    constant(`${depth},tracepost.queue=agent.weather,tracepost.queue.state=${state}`, 1);
  }
  const gateway = 'service.name=tracepost-gateway,service.instance.id=a';
  constant(`tracepost.dependency.up,${gateway},tracepost.dependency=records`, 1);
  constant(`tracepost.dependency.up,${gateway},tracepost.dependency=broker`, 1);
  constant(
    `tracepost.dependency.up,service.name=tracepost-gateway,service.instance.id=b,tracepost.dependency=broker`,
    0,
  );
  cumulative(
    `db.client.operation.duration,${gateway},db.system.name=postgresql,db.operation.name=get_task`,
    TEN_REQUESTS,
  );
  cumulative(`tracepost.telemetry.produced,${gateway},tracepost.signal=spans`, { counter: 50 });
  cumulative('tracepost.ingest.stored,service.name=tracepost-analyst,service.instance.id=d,tracepost.signal=spans', {
    counter: 40,
  });
  const open = 'tracepost.connections.open,service.name=';
  constant(`${open}tracepost-gateway,service.instance.id=a,tracepost.door=gateway`, 3);
  constant(`${open}tracepost-gateway,service.instance.id=b,tracepost.door=gateway`, 4);
  constant(`${open}tracepost-analyst,service.instance.id=d,tracepost.door=otlp_http`, 2);
  constant(`nodejs.eventloop.delay.p99,${gateway}`, 0.02);
  constant(`process.cpu.utilization,${gateway}`, 0.3);
  // Two gateways look at the same queue.
  for (const instance of ['a', 'b']) {
    const depth = `tracepost.queue.depth,service.name=tracepost-gateway,service.instance.id=${instance}`;
    constant(`${depth},tracepost.queue=agent.weather,tracepost.queue.state=ready`, 7);
  }
  constant('process.memory.usage,service.name=tracepost-gateway,service.instance.id=a', 90_000_000);

  const collector = 'service.name=otel-collector,service.instance.id=otel-collector';
  for (const [exporter, size] of [
    ['otlp_grpc/jaeger', 50],
    ['otlp_http/analyst', 0],
  ] as const) {
    constant(`otelcol_exporter_queue_size,${collector},exporter=${exporter},data_type=traces`, size);
    constant(`otelcol_exporter_queue_capacity,${collector},exporter=${exporter},data_type=traces`, 100);
  }
  cumulative(`otelcol_receiver_refused_spans,${collector},receiver=otlp,transport=grpc`, { counter: 1 });
  const dropped =
    'tracepost.telemetry.dropped,service.name=tracepost-gateway,service.instance.id=a,tracepost.signal=spans';
  cumulative(`${dropped},tracepost.reason=queue_full`, { counter: 2 });
  cumulative(`${dropped},tracepost.reason=unavailable`, { counter: 3 });
  lines.push(...sampleSessions(at(14)));
  return lines;
}

/**
 * Closed sessions, as the analyst writes them, from ten seconds into the second minute: one that went on after it was closed and
 * became harder (two fifths of it are counted in the session that it went on from), one that is unpriced and tells no times, and one of the same id of another tenant.
 */
function sampleSessions(atMs: number): string[] {
  const line = (tags: string, who: string, fields: string, laterMs: number): string =>
    `agent_sessions,provider=anthropic,${tags} ${who},agent_id="claude-code",${fields} ${atMs + laterMs}`;
  const times = 'avg_response_time=2,duration=60';
  const first = 'message_count=4,tool_count=2,token_count=100,success_rate=1,cost=0.1';
  const grown =
    'message_count=9,tool_count=5,token_count=500,success_rate=0.5,cost=0.7,counted_tokens=300,counted_cost=0.4';
  const other = 'message_count=2,tool_count=0,token_count=50,success_rate=1';
  const a = 'tenant_id="default",session_id="a"';
  return [
    line('model=opus,complexity=low', `${a},version=1`, `${first},${times}`, 0),
    line('model=opus,complexity=high', `${a},version=2`, `${grown},${times}`, 20_000),
    line('model=house,complexity=low', 'tenant_id="default",session_id="b",version=1', other, 20_001),
    line('model=opus,complexity=low', 'tenant_id="other",session_id="a",version=1', `${first},${times}`, 20_002),
  ];
}

/** Nine of ten up to 0.1 s, the last up to 1 s. */
const TEN_REQUESTS = { '0.05': 0, '0.1': 9, '1': 10, '+Inf': 10, count: 10, sum: 1.5 };

function scaled(growth: Readonly<Record<string, number>>, by: number): Record<string, number> {
  return Object.fromEntries(Object.entries(growth).map(([name, value]) => [name, value * by]));
}
